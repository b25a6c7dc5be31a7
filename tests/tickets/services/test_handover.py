"""tickets.services.handover: who may speak, told to the customer and to the audit log."""

from __future__ import annotations

from functools import partial

import pytest
from django.contrib.auth.models import User

from tests.tickets.cast import actions_on, ask, at_once
from tickets.models import AuditEntry, Conversation, Ticket
from tickets.services.handover import REASONS, give_back, request_person, take_over

State = Conversation.State


def told(conversation: Conversation) -> list[dict[str, object]]:
    return list(
        conversation.events.filter(type="handover.changed")
        .order_by("seq")
        .values_list("payload", flat=True)
    )


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_asking_for_a_person_opens_a_ticket_and_tells_the_customer(
    conversation: Conversation, reason: str
) -> None:
    ticket = request_person(conversation=conversation, reason=reason)
    conversation.refresh_from_db()
    assert (ticket.status, conversation.state) == (Ticket.Status.NEW, State.WAITING)
    assert told(conversation) == [{"state": "waiting", "agent_name": None, "text": REASONS[reason]}]
    assert actions_on(conversation) == ["conversation.handed_over"]
    assert AuditEntry.objects.get(action="conversation.handed_over").data == {"reason": reason}


def test_asking_again_changes_nothing(conversation: Conversation) -> None:
    assert request_person(conversation=conversation) == request_person(conversation=conversation)
    assert len(told(conversation)) == 1
    assert conversation.tickets.count() == 1


def test_asking_while_an_agent_speaks_changes_nothing(
    conversation: Conversation, ben: User
) -> None:
    take_over(conversation=conversation, agent=ben)
    request_person(conversation=conversation)
    conversation.refresh_from_db()
    assert conversation.state == State.AGENT


@pytest.mark.django_db(transaction=True)
def test_asking_eight_times_at_once_opens_one_ticket(conversation: Conversation) -> None:
    results = at_once([partial(request_person, conversation=conversation)] * 8)
    assert len({result.pk for result in results if isinstance(result, Ticket)}) == 1
    assert not [result for result in results if isinstance(result, Exception)]
    assert len(told(conversation)) == 1


def test_an_agent_takes_over_by_name(conversation: Conversation, ben: User) -> None:
    take_over(conversation=conversation, agent=ben)
    take_over(conversation=conversation, agent=ben)
    assert told(conversation) == [
        {"state": "agent", "agent_name": "Ben", "text": "You are talking with Ben."}
    ]
    assert actions_on(conversation) == ["conversation.taken_over"]


def test_an_agent_gives_back_to_the_bot(conversation: Conversation, ben: User) -> None:
    take_over(conversation=conversation, agent=ben)
    give_back(conversation=conversation, agent=ben)
    give_back(conversation=conversation, agent=ben)
    conversation.refresh_from_db()
    assert conversation.state == State.BOT
    assert [event["state"] for event in told(conversation)] == ["agent", "bot"]
    assert actions_on(conversation) == ["conversation.taken_over", "conversation.given_back"]
    assert AuditEntry.objects.filter(actor=ben, actor_name="ben").count() == 2


def test_the_ticket_is_named_after_the_question(conversation: Conversation) -> None:
    ask(conversation, "Can I  return\nopened beans? " + "Please. " * 60)
    subject = request_person(conversation=conversation).subject
    assert subject.startswith("Can I return opened beans? Please.")
    assert subject.endswith("…")
    assert len(subject) <= 200


def test_a_ticket_without_a_question_says_what_happened(conversation: Conversation) -> None:
    assert request_person(conversation=conversation).subject == "Asked for a person"
