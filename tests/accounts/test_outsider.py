"""Who is not in a private team learns nothing of its tickets: every page and address that lists,
counts or searches answers with them exactly as without them."""

from __future__ import annotations

import difflib
import re
import uuid
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from knowledge.models import DocumentVersion
from supportbot.accounts.permissions import addresses
from supportbot.answers.models import (
    AnswerRun,
    CacheCheck,
    CachedAnswer,
    Citation,
    FiredRule,
    ModelCall,
)
from supportbot.automation.models import Rule, RuleFiring, TicketHappening
from supportbot.automation.similar import embed_tickets
from supportbot.learning.grouping import group_new_questions
from supportbot.learning.models import Proposal
from supportbot.mail.models import IncomingEmail
from supportbot.triage.models import Intent, IntentExample
from tests.conftest import RETURNS_POLICY, Publish
from tests.tickets.cast import ask, open_ticket, reply_in
from tickets.models import (
    Attachment,
    Customer,
    Feedback,
    Macro,
    OutgoingEmail,
    Rating,
    Team,
    Ticket,
)
from tickets.services.details import change_team
from tickets.services.drafts import create_draft, reject_draft
from tickets.services.links import link_tickets
from tickets.services.notes import add_note

pytestmark = pytest.mark.django_db
MARKER = "zebrafinch"
QUESTION = "Do you sell zebrafinch cages for the kitchen?"
# What changes by itself, and what is of the session.
_OWN = re.compile(
    r'csrfmiddlewaretoken" value="[^"]*"|data-csrf="[^"]*"|"csrf[^"]*": ?"[^"]*"|nonce="[^"]*"'
    r"|\d+\s(?:seconds?|minutes?)"
)
# The figures of the whole installation are for the machine that watches it. The stream of the
# connection test counts, and says nothing else.
_LEFT_OUT = {"/admin/logout/", "/metrics", "/admin/widget/site/connection/stream/"}


@pytest.fixture
def outsider(browser_of: Callable[[User], Client]) -> Client:
    """An administrator, who has every right but to make teams, and is in none."""
    user = User.objects.create_user("olga", is_staff=True)
    rights = Group.objects.get(name="Administrator").permissions.all()
    user.user_permissions.set(rights.exclude(codename__in=["add_team", "change_team"]))
    return browser_of(user)


def a_ticket(words: str, question: str, agent: User, version: DocumentVersion) -> Ticket:
    """A solved ticket with one row of everything that hangs on tickets, all of it with `words`."""
    ticket = open_ticket()
    conversation = ticket.conversation
    Customer.objects.filter(pk=conversation.customer_id).update(
        name=f"Ada {words}", email=f"{words}@example.com"
    )
    Ticket.objects.filter(pk=ticket.pk).update(subject=f"About {words}")
    asked = ask(conversation, question)
    run = AnswerRun.objects.create(
        conversation=conversation,
        question=asked,
        delivery=AnswerRun.Delivery.STREAM,
        status=AnswerRun.Status.COMPLETED,
        outcome=AnswerRun.Outcome.NO_ANSWER,
        route="extractive",
        reply={"text": words, "sentences": []},
    )
    answered = AnswerRun.objects.create(
        conversation=conversation,
        question=ask(conversation, f"And {words}?"),
        delivery=AnswerRun.Delivery.STREAM,
        status=AnswerRun.Status.COMPLETED,
        outcome=AnswerRun.Outcome.ANSWERED,
        route="cache",
        source_run=run,
    )
    Citation.objects.create(
        run=answered,
        document_id=version.document_id,
        version=version.number,
        created_at=timezone.now(),
    )
    CachedAnswer.objects.create(
        **{"key": words[:60], "binding": "b", "reader": "public", "question": f"Is it {words}?"},
        **{"sentences": [{"text": words}], "cited": [], "best": [], "revision": 1, "model": "m"},
        **{"day": "2026-01-01", "run": run},
    )
    CacheCheck.objects.create(question=words, cached_run=run, new_run=answered, agrees=False)
    FiredRule.objects.create(
        run=run, rule="brand", stage="message", outcome="block", severity="high", text=words
    )
    ModelCall.objects.create(
        run=run, operation="answer", route="large", model="m", text=words, outcome="slow"
    )
    draft = create_draft(
        question=ask(conversation, f"Also {words}?"),
        run_id=answered.pk,
        text=words,
        sentences=[],
        passages=[],
    )
    assert draft is not None
    reject_draft(draft=draft, agent=agent, reason=words)
    Proposal.objects.create(run=answered, cause=Proposal.Cause.REJECTED, question=words)
    ticket.refresh_from_db()
    add_note(ticket=ticket, author=agent, text=f"A note on {words}")
    message = reply_in(conversation, agent, f"We know of {words}.")
    Feedback.objects.create(message=message, value=Feedback.Value.DOWN)
    Rating.objects.create(ticket=ticket, score=1, comment=words)
    Attachment.objects.create(
        message=message, file=ContentFile(b"x", name=f"{words}.txt"), name=f"{words}.txt", size=1
    )
    OutgoingEmail.objects.create(
        conversation=conversation,
        to=f"{words}@example.com",
        message_id=f"<{words}@x>",
        status=OutgoingEmail.Status.FAILED,
    )
    IncomingEmail.objects.create(
        mail_id=f"<in-{words}@x>", source="imap", raw=b"", subject=words, conversation=conversation
    )
    IntentExample.objects.create(
        intent=Intent.objects.get_or_create(name="refund")[0],
        text=f"Example {words}",
        message=asked,
    )
    rule = Rule.objects.get()
    RuleFiring.objects.create(
        rule=rule,
        ticket=ticket,
        root=TicketHappening.objects.create(ticket=ticket, when=Rule.When.OPENED),
        words=words,
        was_applied=True,
    )
    Ticket.objects.filter(pk=ticket.pk).update(status=Ticket.Status.SOLVED)
    ticket.refresh_from_db()
    return ticket


def asked_everything(client: Client, more: Iterable[str]) -> dict[str, str]:
    """Address → what it answered, of every address that needs no number, and of `more`."""
    lists = [one for one, _ in addresses() if "<" not in one and one not in _LEFT_OUT]
    found = {}
    for address in [*lists, *more]:
        response = client.get(address)
        if response.status_code in {200, 302}:
            body = response.getvalue() if response.streaming else response.content
            found[address] = _OWN.sub("", body.decode("utf-8", "replace"))
    return found


def searches() -> list[str]:
    found = [f"{one}?q={MARKER}" for one, _ in addresses() if one == "/admin/desk/queue/"]
    found += [f"/admin/search/?s={MARKER}", f"/api/v1/tickets/?q={MARKER}"]
    for model, site in admin.site._registry.items():
        names = f"{model._meta.app_label}_{model._meta.model_name}"
        if site.search_fields:
            found.append(f"{reverse(f'admin:{names}_changelist')}?q={MARKER}")
    return found


def test_an_outsider_s_pages_are_the_same_with_and_without_a_private_team_s_tickets(
    outsider: Client, ben: User, publish: Publish
) -> None:
    version = publish(RETURNS_POLICY, title="Returns")
    macro = Macro.objects.create(name="Nothing")
    Rule.objects.create(name="Rule", when=Rule.When.OPENED, macro=macro)
    shown = a_ticket("kettle", "Do you sell kettles for the kitchen?", ben, version)
    other = a_ticket("grinder", "Do you sell cages for the kitchen?", ben, version)
    group_new_questions()
    embed_tickets()
    more = [
        *searches(),
        f"/admin/desk/{shown.pk}/news/?seq=0&entry=0&note=0",
        f"/admin/desk/{shown.pk}/similar/",
        f"/admin/desk/{other.pk}/similar/",
        f"/admin/desk/{shown.pk}/choices/merge/",
        f"/admin/desk/{shown.pk}/choices/link/",
        f"/admin/knowledge/document/{version.document_id}/change/",
        f"/admin/answers/answerrun/recall/{version.document_id}/",
        f"/admin/automation/rule/{Rule.objects.get().pk}/dry-run/",
        *(f"/admin/desk/queue/?view={view}" for view in ("all", "solved", "unassigned")),
        *(f"/admin/desk/queue/?q={words}" for words in ("cages+for+the+kitchen", "kitchen")),
    ]
    asked_everything(outsider, more)  # what is made by the first look is there now
    before, known = asked_everything(outsider, more), rows_of_tickets()

    team = Team.objects.create(name="Legal", is_private=True)
    team.members.add(ben)
    hidden = a_ticket(MARKER, QUESTION, ben, version)
    link_tickets(ticket=shown, other=hidden, agent=ben)
    change_team(ticket=hidden, team=team, agent=ben)
    group_new_questions()
    embed_tickets()
    after = asked_everything(outsider, more)

    told = {}
    for address, body in before.items():
        if (now := after.get(address, "")) != body:
            lines = difflib.unified_diff(body.splitlines(), now.splitlines(), n=0, lineterm="")
            told[address] = [line[:200] for line in lines if line.strip("+- @")][:5]
    assert told == {}
    assert_pages_are_missing(outsider, rows_of_tickets() - known)


def rows_of_tickets() -> set[tuple[type[Any], object]]:
    return {
        (model, pk)
        for model in admin.site._registry
        if model._meta.app_label in {"tickets", "answers", "triage", "mail"} and model is not Team
        for pk in model._default_manager.values_list("pk", flat=True)
    }


def assert_pages_are_missing(client: Client, rows: set[tuple[type[Any], object]]) -> None:
    """Each answers as one that never was."""
    assert len({model for model, _ in rows}) > 10
    for model, pk in rows:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
        never = str(uuid.UUID(int=7)) if isinstance(pk, uuid.UUID) else 2**31 - 7
        there, not_there = (client.get(reverse(name, args=[one])) for one in (pk, never))
        assert there.status_code == not_there.status_code == 302, (model, pk)
        assert there.headers["Location"] == not_there.headers["Location"]
        rest = {"ticket": "tickets", "draft": "drafts", "customer": "customers"}
        rest |= {"answerrun": "runs", "auditentry": "audit"}
        if part := rest.get(str(model._meta.model_name)):
            assert client.get(f"/api/v1/{part}/{pk}/").status_code == 404
