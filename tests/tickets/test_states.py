"""tickets.states: only the steps in the tables happen."""

from __future__ import annotations

from itertools import pairwise, product

import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tickets.cast import open_ticket
from tickets.models import Conversation, Ticket
from tickets.services.conversations import start_conversation
from tickets.services.handover import give_back, request_person, take_over
from tickets.services.tickets import change_status
from tickets.states import (
    CONVERSATION_TRANSITIONS,
    TICKET_TRANSITIONS,
    TransitionError,
    check_conversation_transition,
    check_ticket_transition,
)

in_few = settings(
    max_examples=15,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def test_every_state_stands_in_the_tables() -> None:
    assert set(TICKET_TRANSITIONS) == set(Ticket.Status)
    assert set(CONVERSATION_TRANSITIONS) == set(Conversation.State)


@pytest.mark.parametrize(("before", "after"), list(product(Ticket.Status, Ticket.Status)))
def test_a_ticket_goes_where_the_table_says(before: str, after: str) -> None:
    ticket = Ticket(pk=7, status=before)
    if after in TICKET_TRANSITIONS[before]:
        check_ticket_transition(ticket, after)
    else:
        with pytest.raises(TransitionError, match=r"^Ticket #7 is “.+” and cannot become “.+”\.$"):
            check_ticket_transition(ticket, after)


@pytest.mark.parametrize("before", ["bot", "waiting", "closed"])
def test_a_conversation_never_goes_where_it_is(before: str) -> None:
    with pytest.raises(TransitionError, match="cannot become"):
        check_conversation_transition(Conversation(state=before), before)


@in_few
@given(steps=st.lists(st.sampled_from(list(Ticket.Status)), max_size=8))
def test_no_sequence_of_steps_leaves_the_table(ben: User, steps: list[str]) -> None:
    ticket = open_ticket()
    for wanted in steps:
        before = ticket.status
        try:
            ticket = change_status(ticket=ticket, status=wanted, agent=ben)
        except TransitionError:
            assert wanted not in TICKET_TRANSITIONS[before]
            ticket.refresh_from_db()
            assert ticket.status == before
        else:
            assert ticket.status == wanted
            assert wanted == before or wanted in TICKET_TRANSITIONS[before]


@in_few
@given(steps=st.lists(st.sampled_from(["ask", "take", "give"]), max_size=8))
def test_every_sequence_of_hand_overs_tells_only_allowed_steps(ben: User, steps: list[str]) -> None:
    conversation = start_conversation(customer=open_ticket().conversation.customer)
    for step in steps:
        if step == "ask":
            request_person(conversation=conversation)
        elif step == "take":
            take_over(conversation=conversation, agent=ben)
        else:
            give_back(conversation=conversation, agent=ben)
    told = conversation.events.filter(type="handover.changed").values_list("payload", flat=True)
    states = [Conversation.State.BOT, *(payload["state"] for payload in told.order_by("seq"))]
    for before, after in pairwise(states):
        assert after in CONVERSATION_TRANSITIONS[before]
    conversation.refresh_from_db()
    assert conversation.state == states[-1]
