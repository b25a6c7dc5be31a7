"""tickets.services.tickets: one unclosed ticket per conversation, moved along its states."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from tests.tickets.cast import actions_on, ask, open_ticket
from tickets.models import AuditEntry, Conversation, Ticket
from tickets.services.details import change_subject
from tickets.services.handover import request_person
from tickets.services.tickets import assign, change_status, ensure_ticket
from tickets.states import TransitionError


def told(ticket: Ticket) -> list[str]:
    events = ticket.conversation.events.filter(type="ticket.changed").order_by("seq")
    assert {payload["ticket_id"] for payload in events.values_list("payload", flat=True)} == {
        str(ticket.pk)
    }
    return [payload["status"] for payload in events.values_list("payload", flat=True)]


def test_a_conversation_gets_one_ticket(conversation: Conversation) -> None:
    ticket = ensure_ticket(conversation=conversation)
    assert ensure_ticket(conversation=conversation) == ticket
    assert told(ticket) == ["new"]
    assert actions_on(ticket) == ["ticket.opened"]


@pytest.mark.parametrize(
    ("status", "back"), [("pending", "open"), ("on_hold", "open"), ("solved", "reopened")]
)
def test_an_unclosed_ticket_is_opened_again(
    conversation: Conversation, ben: User, status: str, back: str
) -> None:
    ticket = ensure_ticket(conversation=conversation)
    change_status(ticket=ticket, status=status, agent=ben)
    assert ensure_ticket(conversation=conversation) == ticket
    assert told(ticket) == ["new", status, back]
    entry = AuditEntry.objects.order_by("-id").first()
    assert entry is not None
    assert entry.data["reason"] == "the customer wrote again"


def test_after_a_closed_ticket_comes_a_new_one(conversation: Conversation, ben: User) -> None:
    closed = ensure_ticket(conversation=conversation)
    change_status(ticket=closed, status="closed", agent=ben)
    assert ensure_ticket(conversation=conversation) != closed


def test_the_database_itself_refuses_a_second_unclosed_ticket(conversation: Conversation) -> None:
    ensure_ticket(conversation=conversation)
    with pytest.raises(IntegrityError), transaction.atomic():
        Ticket.objects.create(conversation=conversation, subject="Twin")


def test_a_step_is_told_to_the_customer_and_the_audit_log(ben: User) -> None:
    ticket = open_ticket()
    assert change_status(ticket=ticket, status="solved", agent=ben).status == "solved"
    assert told(ticket) == ["new", "solved"]
    entry = AuditEntry.objects.get(action="ticket.status_changed")
    assert (entry.actor, entry.data) == (ben, {"before": "new", "after": "solved"})


def test_the_step_to_the_same_state_is_nothing(ben: User) -> None:
    ticket = open_ticket()
    change_status(ticket=ticket, status="new", agent=ben)
    assert told(ticket) == ["new"]
    assert actions_on(ticket) == ["ticket.opened"]


def test_a_forbidden_step_changes_and_tells_nothing(ben: User) -> None:
    ticket = open_ticket()
    change_status(ticket=ticket, status="closed", agent=ben)
    with pytest.raises(TransitionError, match="cannot become “Open”"):
        change_status(ticket=ticket, status="open", agent=ben)
    assert told(ticket) == ["new", "closed"]
    assert len(actions_on(ticket)) == 2


def test_a_ticket_is_given_to_an_agent_and_taken_back(ben: User) -> None:
    ticket = open_ticket()
    given = assign(ticket=ticket, assignee=ben, agent=ben)
    assert (given.assignee, given.status) == (ben, "open")  # somebody has looked at it
    assign(ticket=ticket, assignee=ben, agent=ben)
    assert assign(ticket=ticket, assignee=None, agent=ben).assignee is None
    data = AuditEntry.objects.filter(action="ticket.assigned").order_by("id")
    assert [entry.data for entry in data] == [
        {"before": None, "after": ben.pk},
        {"before": ben.pk, "after": None},
    ]


# -- Subjects --------------------------------------------------------------------------------------
@pytest.mark.parametrize("said", ["agent", "Hi, can I talk to a real person please?", "👋", "ok!!"])
def test_who_only_asks_for_a_person_names_nothing(conversation: Conversation, said: str) -> None:
    ask(conversation, said)
    ticket = request_person(conversation=conversation)
    assert ticket.subject == "Asked for a person"
    ask(conversation, "hello?")
    ask(conversation, "My kettle leaks.")
    ask(conversation, "It is a Heron.")
    ticket.refresh_from_db()
    assert ticket.subject == "My kettle leaks."
    assert actions_on(ticket)[-1] == "ticket.edited"


def test_the_question_before_the_wish_for_a_person_is_the_subject(
    conversation: Conversation, ben: User
) -> None:
    ask(conversation, "My kettle leaks.")
    ask(conversation, "agent please")
    ticket = request_person(conversation=conversation)
    assert ticket.subject == "My kettle leaks."
    change_subject(ticket=ticket, subject="Leak", agent=ben)
    ask(conversation, "It leaks a lot.")
    ticket.refresh_from_db()
    assert ticket.subject == "Leak"
