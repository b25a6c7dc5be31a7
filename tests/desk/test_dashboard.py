"""supportbot.desk.dashboard: the admin's home page, each part for those who may see it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from knowledge.models import DocumentVersion
from supportbot.answers.models import AnswerRun, ModelCall
from supportbot.configuration import current
from supportbot.webhooks.models import WebhookEndpoint
from tests.tickets.cast import a_draft, ask
from tickets.models import (
    ChannelMode,
    Conversation,
    Draft,
    OutgoingEmail,
    Rating,
    Team,
    Ticket,
)
from tickets.services.conversations import start_conversation
from tickets.services.drafts import approve_draft, reject_draft

HOME = "/admin/"


def test_an_agent_sees_the_queue_unanswered_questions_and_health(
    agent: Client, ticket: Ticket, conversation: Conversation
) -> None:
    for words in ("Is there a shop?", "do you sell  TEA", "Do you sell tea?"):
        unanswered(conversation, words)
    page = agent.get(HOME).content.decode()
    for expected in (
        "<strong>1</strong> To answer",
        "Can I return opened coffee?",
        "Do you sell tea?",
        "2 times, last",
        "<strong>3</strong> No answer in the documents",
        "Database",
    ):
        assert expected in page
    assert "Documents that need attention" not in page


def test_the_content_team_sees_documents_that_need_attention(
    cleo: User, browser_of: Any, ticket: Ticket, returns_policy: DocumentVersion
) -> None:
    page = browser_of(cleo).get(HOME).content.decode()
    assert "None. Everything is read and reviewed." in page
    assert "To answer" not in page
    DocumentVersion.objects.update(status=DocumentVersion.Status.FAILED)
    assert "<strong>1</strong> could not be read" in browser_of(cleo).get(HOME).content.decode()


def test_a_private_teams_tickets_are_not_counted_for_others(agent: Client, ticket: Ticket) -> None:
    Ticket.objects.update(team=Team.objects.create(name="Legal", is_private=True))
    page = agent.get(HOME).content.decode()
    assert "<strong>0</strong> To answer" in page
    assert "Can I return" not in page


def test_what_agents_made_of_drafts_and_how_customers_rated(
    agent: Client, ticket: Ticket, draft: Draft, ben: User
) -> None:
    approve_draft(draft=draft, agent=ben)
    reject_draft(draft=a_draft(ticket.conversation, "And tea?"), agent=ben)
    Rating.objects.create(ticket=ticket, score=4, rated_at=timezone.now())
    page = agent.get(HOME).content.decode()
    assert "agents sent 1 as they were and 0 edited, and rejected 1." in page
    assert "rated the support 4.0 of 5" in page
    Ticket.objects.update(team=Team.objects.create(name="Legal", is_private=True))
    page = agent.get(HOME).content.decode()
    assert "agents sent" not in page
    assert "rated the support" not in page


def test_ill_parts_and_switched_channels_are_named(
    admin_client: Client, ticket: Ticket, settings: Settings
) -> None:
    settings.MAIL = replace(settings.MAIL, from_address="a@shop.example", sends=True)
    settings.MODEL, settings.OPENAI_BASE_URL = "test-model", "http://127.0.0.1:1/v1"
    current.forget()
    route = current.current_content().routes[0].name
    ModelCall.objects.create(operation="answer", route=route, model="m", outcome="unavailable")
    OutgoingEmail.objects.create(
        conversation=ticket.conversation, to="b@shop.example", message_id="<1@x>", status="bounced"
    )
    WebhookEndpoint.objects.create(url="https://crm.example/", disabled_reason="It failed.")
    ChannelMode.objects.create(channel="chat", mode="off")
    page = admin_client.get(HOME).content.decode()
    for words in (
        "1 e-mail of today did not arrive.",
        "1 of 1 calls of today failed.",
        "It failed.",
        "Chat (widget): the bot is off, switched by hand.",
    ):
        assert words in page


def test_documents_that_end_soon_are_counted(
    cleo: User, browser_of: Any, returns_policy: DocumentVersion
) -> None:
    soon = timezone.localdate() + dt.timedelta(days=5)
    DocumentVersion.objects.update(effective_until=soon)
    assert "<strong>1</strong> end within 14 days" in browser_of(cleo).get(HOME).content.decode()
    DocumentVersion.objects.update(effective_until=soon + dt.timedelta(days=60))
    assert "end within" not in browser_of(cleo).get(HOME).content.decode()


def unanswered(conversation: Conversation, words: str) -> None:
    AnswerRun.objects.create(
        conversation=conversation,
        question=ask(conversation, words),
        status=AnswerRun.Status.COMPLETED,
        outcome=AnswerRun.Outcome.NO_ANSWER,
    )


def test_the_page_takes_few_queries_however_much_there_is(
    agent: Client, ticket: Ticket, draft: Draft
) -> None:
    unanswered(ticket.conversation, "Tea?")
    agent.get(HOME)
    with CaptureQueriesContext(connection) as few:
        agent.get(HOME)
    for number in range(4):
        other = start_conversation(customer=ticket.conversation.customer)
        a_draft(other, "And tea?")
        unanswered(other, f"Tea number {number}?")
    with CaptureQueriesContext(connection) as many:
        agent.get(HOME)
    assert len(many) == len(few) <= 30
