"""tickets.services.conversations: customers and their conversations."""

from __future__ import annotations

import uuid
from datetime import timedelta
from functools import partial

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from tests.tickets.cast import actions_on, ask, at_once, draft_for, reply_in
from tickets.models import AuditEntry, Conversation, Customer, Message, Ticket
from tickets.services.conversations import (
    close_conversation,
    close_idle_conversations,
    current_conversation,
    register_visitor,
    signed_in_customer,
    start_conversation,
)
from tickets.services.drafts import send_reply
from tickets.services.events import events_after
from tickets.services.handover import give_back, request_person, take_over
from tickets.services.messages import add_bot_answer, add_customer_message
from tickets.services.modes import change_mode
from tickets.services.tickets import change_status
from tickets.states import TransitionError

WEEKS = timedelta(weeks=3)


def ask_and_answer(conversation: Conversation) -> None:
    """A question, and the bot's answer to it."""
    question = ask(conversation)
    add_bot_answer(question=question, run_id=uuid.uuid4(), text="Yes.", sentences=[])


def pass_time(time: timedelta = WEEKS) -> None:
    """As if everything that was said had been said so much earlier."""
    Conversation.objects.update(last_message_at=timezone.now() - time)


def write(conversation: Conversation, client_id: str = "") -> tuple[Message, bool]:
    return add_customer_message(
        conversation=conversation, text="Hello", client_id=client_id or str(uuid.uuid4())
    )


def last_event(conversation: Conversation) -> dict[str, object]:
    return events_after(conversation.pk, 0)[-1]


def test_a_visitor_is_a_customer_without_a_name(db: None) -> None:
    visitor = register_visitor()
    assert (visitor.name, visitor.email) == ("", "")
    assert str(visitor) == f"Visitor {str(visitor.pk)[:8]}"


def test_a_conversation_begins_with_the_bot_in_the_configured_mode(
    ada: Customer, settings: Settings
) -> None:
    settings.ANSWER_MODE = "draft"
    conversation = start_conversation(customer=ada)
    assert (conversation.state, conversation.mode, conversation.last_seq) == ("bot", "draft", 0)


def test_the_current_conversation_is_the_newest_and_is_made_once(ada: Customer) -> None:
    made = current_conversation(customer=ada)
    assert current_conversation(customer=ada) == made
    newer = start_conversation(customer=ada)
    assert current_conversation(customer=ada) == newer
    assert Conversation.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_tabs_that_open_at_once_share_one_conversation(ada: Customer) -> None:
    results = at_once([partial(current_conversation, customer=ada)] * 6)
    assert {result.pk for result in results if isinstance(result, Conversation)} == {
        Conversation.objects.get().pk
    }
    assert not [result for result in results if isinstance(result, Exception)]


def test_a_change_of_mode_is_noted(conversation: Conversation, ben: User) -> None:
    change_mode(conversation=conversation, mode="draft", agent=ben)
    change_mode(conversation=conversation, mode="draft", agent=ben)
    conversation.refresh_from_db()
    assert conversation.mode == "draft"
    assert actions_on(conversation) == ["conversation.mode_changed"]
    assert AuditEntry.objects.get().data == {"before": "reply", "after": "draft"}


# -- Ending ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("by", Conversation.ClosedBy)
def test_a_closed_conversation_says_by_whom_and_ends_its_ticket(
    conversation: Conversation, by: str
) -> None:
    draft = draft_for(conversation)
    close_conversation(conversation=conversation, by=by)
    close_conversation(conversation=conversation, by=by)
    conversation.refresh_from_db()
    draft.refresh_from_db()
    assert (conversation.state, conversation.closed_by) == ("closed", by)
    assert draft.status == "withdrawn"
    assert conversation.tickets.get().status == Ticket.Status.CLOSED
    closed = [e for e in events_after(conversation.pk, 0) if e["type"] == "conversation.closed"]
    assert [(event["by"], bool(event["text"])) for event in closed] == [(by, True)]
    assert actions_on(conversation).count("conversation.closed") == 1


def test_closing_the_ticket_closes_the_conversation(conversation: Conversation, ben: User) -> None:
    ticket = request_person(conversation=conversation)
    assert change_status(ticket=ticket, status="closed", agent=ben).status == "closed"
    conversation.refresh_from_db()
    assert (conversation.state, conversation.closed_by) == ("closed", "agent")
    assert AuditEntry.objects.get(action="conversation.closed").actor == ben


def test_nobody_speaks_in_a_closed_conversation(conversation: Conversation, ben: User) -> None:
    ticket = request_person(conversation=conversation)
    close_conversation(conversation=conversation, by="customer")
    for step in (take_over, give_back):
        with pytest.raises(TransitionError, match="closed"):
            step(conversation=conversation, agent=ben)
    with pytest.raises(TransitionError, match="closed"):
        send_reply(ticket=ticket, agent=ben, text="Too late")


def test_time_ends_a_conversation_in_which_nobody_writes(
    conversation: Conversation, settings: Settings
) -> None:
    start_conversation(customer=conversation.customer)  # without a message nothing can end
    ask_and_answer(conversation)
    settings.CONVERSATION_IDLE_HOURS = 72
    pass_time(timedelta(hours=71))
    assert close_idle_conversations() == 0
    pass_time(timedelta(hours=73))
    settings.CONVERSATION_IDLE_HOURS = 0
    assert close_idle_conversations() == 0
    settings.CONVERSATION_IDLE_HOURS = 72
    Conversation.objects.exclude(pk=conversation.pk).update(last_message_at=None)
    assert close_idle_conversations() == 1
    conversation.refresh_from_db()
    assert (conversation.state, conversation.closed_by) == ("closed", "time")


def test_a_customer_who_waits_for_a_reply_is_not_forgotten(
    conversation: Conversation, ben: User
) -> None:
    ask(conversation)
    ticket = request_person(conversation=conversation)
    pass_time()
    assert close_idle_conversations() == 0
    send_reply(ticket=ticket, agent=ben, text="What is your order number?")
    pass_time()  # now the customer owes the reply
    assert close_idle_conversations() == 1


def test_a_customer_whom_the_bot_owes_an_answer_is_not_forgotten(
    conversation: Conversation,
) -> None:
    ask(conversation)
    Message.objects.update(awaits_answer=True)
    pass_time()
    assert close_idle_conversations() == 0
    assert write(conversation)[0].conversation == conversation
    Message.objects.update(awaits_answer=False)
    pass_time()
    assert close_idle_conversations() == 1


# -- Going on -------------------------------------------------------------------------------------
@pytest.mark.parametrize("ended", ["customer", "agent", "time", "silence"])
def test_a_message_after_the_end_begins_another_conversation(
    conversation: Conversation, ended: str
) -> None:
    ask_and_answer(conversation)
    if ended == "silence":
        pass_time()  # no sweep has come by yet
    else:
        close_conversation(conversation=conversation, by=ended)
    message, created = write(conversation, "c-9")
    assert (created, message.conversation == conversation) == (True, False)
    assert [event["seq"] for event in events_after(message.conversation_id, 0)] == [1]
    told = last_event(conversation)
    assert told["type"] == "conversation.continued"
    assert told["conversation"] == str(message.conversation_id)
    # Sent again into the old one, it is the same message; the next goes where the first went.
    assert write(conversation, "c-9") == (message, False)
    assert write(conversation)[0].conversation_id == message.conversation_id
    conversation.refresh_from_db()
    assert (conversation.state, conversation.messages.count()) == ("closed", 2)


@pytest.mark.django_db(transaction=True)
def test_tabs_that_write_at_once_after_the_end_share_one_conversation(
    conversation: Conversation,
) -> None:
    close_conversation(conversation=conversation, by="customer")
    results = at_once([partial(write, conversation) for _ in range(6)])
    assert not [result for result in results if isinstance(result, Exception)]
    assert Conversation.objects.count() == 2
    assert conversation.messages.count() == 0


def test_asking_for_a_person_after_the_end_opens_a_ticket_in_the_next_conversation(
    conversation: Conversation,
) -> None:
    close_conversation(conversation=conversation, by="customer")
    ticket = request_person(conversation=conversation)
    assert ticket.conversation.continues.get() == conversation


def test_a_visitor_who_comes_back_after_weeks_begins_afresh(conversation: Conversation) -> None:
    ask_and_answer(conversation)
    pass_time()
    now = current_conversation(customer=conversation.customer)
    assert now != conversation
    assert current_conversation(customer=conversation.customer) == now


def test_a_visitor_who_ended_the_conversation_begins_afresh(conversation: Conversation) -> None:
    ask(conversation)
    close_conversation(conversation=conversation, by="customer")
    assert current_conversation(customer=conversation.customer) != conversation


def test_the_last_words_of_an_agent_stay_in_sight(conversation: Conversation, ben: User) -> None:
    ask(conversation)
    reply_in(conversation, ben, "Your money is on its way.")
    close_conversation(conversation=conversation, by="agent", agent=ben)
    assert current_conversation(customer=conversation.customer) == conversation
    pass_time()
    assert current_conversation(customer=conversation.customer) != conversation


# -- Who speaks -----------------------------------------------------------------------------------
@pytest.mark.parametrize("is_taken_over", [True, False])
def test_once_solved_the_bot_answers_again_and_the_customer_is_told(
    conversation: Conversation, ben: User, is_taken_over: bool
) -> None:
    ticket = request_person(conversation=conversation)
    if is_taken_over:
        take_over(conversation=conversation, agent=ben)
    change_status(ticket=ticket, status="solved", agent=ben)
    conversation.refresh_from_db()
    assert conversation.state == Conversation.State.BOT
    told = last_event(conversation)
    assert (told["type"], told["state"]) == ("handover.changed", "bot")
    assert actions_on(conversation)[-1] == "conversation.given_back"


def test_a_signed_in_customer_is_known_by_the_companys_id(db: None) -> None:
    first = signed_in_customer(external_id="4711", name="Ada", email="ada@shop.example")
    again = signed_in_customer(external_id="4711", name="Ada L.")
    assert (again, again.name, again.email) == (first, "Ada L.", "ada@shop.example")
    assert signed_in_customer(external_id="4712") != first
