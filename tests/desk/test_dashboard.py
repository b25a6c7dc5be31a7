"""supportbot.desk.dashboard: the admin's home page, each part for those who may see it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from knowledge.models import DocumentVersion
from supportbot.answers.models import AnswerRun
from tests.tickets.cast import ask
from tickets.models import Conversation, Team, Ticket

HOME = "/admin/"


def test_an_agent_sees_the_queue_unanswered_questions_and_health(
    agent: Client, ticket: Ticket, conversation: Conversation
) -> None:
    AnswerRun.objects.create(
        conversation=conversation,
        question=ask(conversation, "Do you sell tea?"),
        delivery=AnswerRun.Delivery.DRAFT,
        status=AnswerRun.Status.COMPLETED,
        outcome=AnswerRun.Outcome.NO_ANSWER,
    )
    page = agent.get(HOME).content.decode()
    for expected in (
        "<strong>1</strong> To answer",
        "Can I return opened coffee?",
        "Do you sell tea?",
        "<strong>1</strong> No answer in the documents",
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
