"""supportbot.local.demo_desk: a desk that shows what it is, made by the real services."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone

from knowledge.models import DocumentVersion
from supportbot.answers.models import AnswerRun
from supportbot.local.demo_desk import STEPS, STORY_FILE, seed_desk
from tickets.models import AuditEntry, Conversation, Customer, Draft, Event, Feedback, Macro, Ticket

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_desk_begins_with_tickets_in_every_state(returns_policy: DocumentVersion) -> None:
    assert seed_desk() == 16
    assert set(Ticket.objects.values_list("status", flat=True)) == set(Ticket.Status.values)
    statuses = set(Draft.objects.values_list("status", flat=True))
    assert statuses >= {Draft.Status.PENDING, Draft.Status.APPROVED, Draft.Status.REJECTED}
    assert set(Feedback.objects.values_list("value", flat=True)) == {"up", "down"}
    assert AnswerRun.objects.unfinished().count() == 0
    assert all(
        name.endswith(("Example", "Sample", "Demo", "Placeholder", "Muster", "Test"))
        for name in Customer.objects.values_list("name", flat=True)
    )
    assert AuditEntry.objects.filter(action="ticket.opened").count() == Ticket.objects.count()
    # Nobody logs in with what the demo brings.
    assert not any(user.has_usable_password() for user in User.objects.all())

    # It lies in the last days, in order, and nothing lies ahead.
    now = timezone.now()
    for conversation in Conversation.objects.all():
        events = list(conversation.events.order_by("seq"))
        moments = [event.created_at for event in events]
        assert moments == sorted(moments)
        assert now - dt.timedelta(days=5) < conversation.created_at <= moments[0]
        assert moments[-1] <= now
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
    days = {event.created_at.date() for event in Event.objects.all()}
    assert len(days) > 2

    assert {len(macro.steps.all()) for macro in Macro.objects.all()} == {2, 3}
    assert seed_desk() == 0, "a second time changes nothing"


def test_a_desk_that_is_in_use_is_left_alone(ada: Customer) -> None:
    assert seed_desk() == 0
    assert Ticket.objects.count() == 0


def test_documents_of_ones_own_bring_no_demo_customers(returns_policy: DocumentVersion) -> None:
    call_command("seed_demo")
    assert Customer.objects.count() == 0


def test_the_stories_use_steps_that_there_are() -> None:
    stories = json.loads(STORY_FILE.read_text("utf-8"))["stories"]
    assert {step["do"] for story in stories for step in story["steps"]} == set(STEPS)
