"""supportbot.api.speaking: who speaks and who has a ticket, over REST."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.test import APIClient

from tests.tickets.cast import ask
from tickets.models import AuditEntry, Conversation, Team, Ticket
from tickets.services.handover import request_person, take_over

STEPS = ["take-over", "give-back", "requeue", "assign-next", "snooze", "messages"]


@pytest.fixture
def ticket(conversation: Conversation) -> Ticket:
    ask(conversation)
    return request_person(conversation=conversation)


def url(ticket: Ticket, step: str) -> str:
    return f"/api/v1/tickets/{ticket.pk}/{step}/"


def test_an_agent_speaks_replies_and_lets_others_speak(
    staff_api: APIClient, ticket: Ticket, ben: User
) -> None:
    taken = staff_api.post(url(ticket, "take-over"), {}).json()
    assert (taken["state"], taken["agent"]) == ("agent", "ben")
    sent = staff_api.post(url(ticket, "messages"), {"text": "Yes, you can."}).json()
    assert sent["message"]["text"] == "Yes, you can."
    back = staff_api.post(url(ticket, "requeue")).json()
    assert (back["state"], back["agent"]) == ("waiting", None)
    assert staff_api.post(url(ticket, "give-back")).json()["state"] == "bot"
    actions = AuditEntry.objects.filter(actor=ben, object_type="conversation")
    assert sorted(actions.values_list("action", flat=True)) == [
        *("conversation.given_back", "conversation.requeued", "conversation.taken_over"),
    ]


def test_whom_a_colleague_has_is_refused_until_named(
    staff_api: APIClient, ticket: Ticket, cleo: User
) -> None:
    take_over(conversation=ticket.conversation, agent=cleo)
    for step, body in [("take-over", {}), ("messages", {"text": "Hello."})]:
        refused = staff_api.post(url(ticket, step), body)
        assert refused.status_code == 409
        assert refused.json()["detail"].startswith("Cleo speaks with the customer now.")
    unknown = staff_api.post(url(ticket, "take-over"), {"instead_of": "nobody"})
    assert unknown.status_code == 400


def test_a_ticket_is_assigned_and_snoozed(staff_api: APIClient, ticket: Ticket) -> None:
    assert staff_api.post(url(ticket, "assign-next")).json()["assignee"] == "ben"
    until = timezone.now() + timedelta(hours=1)
    assert staff_api.post(url(ticket, "snooze"), {"until": until}).json()["snoozed_until"]
    assert staff_api.post(url(ticket, "snooze"), {"until": None}).json()["snoozed_until"] is None
    past = timezone.now() - timedelta(hours=1)
    assert staff_api.post(url(ticket, "snooze"), {"until": past}).status_code == 409


@pytest.mark.parametrize("step", STEPS)
def test_outsiders_change_nothing(ticket: Ticket, eve: User, step: str) -> None:
    outsider = APIClient()
    assert outsider.post(url(ticket, step), {}).status_code == 401
    outsider.force_authenticate(eve)
    assert outsider.post(url(ticket, step), {}).status_code == 403


@pytest.mark.parametrize("step", STEPS)
def test_a_ticket_of_a_private_team_does_not_exist_for_others(
    staff_api: APIClient, ticket: Ticket, step: str
) -> None:
    Ticket.objects.update(team=Team.objects.create(name="Legal", is_private=True))
    body = {"text": "Hello.", "until": None}
    assert staff_api.post(url(ticket, step), body).status_code == 404
