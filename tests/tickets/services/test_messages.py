"""tickets.services.messages: a message and the event that shows it, once each."""

from __future__ import annotations

import json
from functools import partial

import pytest
from django.contrib.auth.models import User

from tests.tickets.cast import ask, at_once, reply_in
from tickets.models import Conversation, Feedback, Message
from tickets.services.conversations import start_conversation
from tickets.services.handover import take_over
from tickets.services.messages import (
    AgentReply,
    add_agent_message,
    add_customer_message,
    give_feedback,
    message_to_wire,
)
from tickets.services.names import display_name


def test_a_message_is_stored_and_shown(conversation: Conversation) -> None:
    message, created = add_customer_message(
        conversation=conversation, text="Hello", client_id="c-1"
    )
    assert created
    event = conversation.events.get()
    assert event.type == "message.created"
    assert event.payload == {"message": message_to_wire(message)}


def test_the_same_client_id_again_changes_nothing(conversation: Conversation) -> None:
    first, _ = add_customer_message(conversation=conversation, text="Hello", client_id="c-1")
    again, created = add_customer_message(conversation=conversation, text="Other", client_id="c-1")
    assert (again.pk, again.text, created) == (first.pk, "Hello", False)
    assert conversation.events.count() == 1


def test_a_client_id_counts_in_its_own_conversation(conversation: Conversation) -> None:
    other = start_conversation(customer=conversation.customer)
    add_customer_message(conversation=conversation, text="Hello", client_id="c-1")
    _, created = add_customer_message(conversation=other, text="Hello", client_id="c-1")
    assert created


@pytest.mark.django_db(transaction=True)
def test_a_message_sent_eight_times_at_once_is_stored_once(conversation: Conversation) -> None:
    send = partial(add_customer_message, conversation=conversation, text="Hello", client_id="c-1")
    results = at_once([send] * 8)
    created = [result[1] for result in results if isinstance(result, tuple)]
    assert sorted(created) == [False] * 7 + [True]
    assert Message.objects.count() == conversation.events.count() == 1


def test_a_message_moves_its_conversation_to_the_top(conversation: Conversation) -> None:
    newer = start_conversation(customer=conversation.customer)
    assert Conversation.objects.first() == newer
    ask(conversation)
    assert Conversation.objects.first() == conversation


def test_an_agents_message_bears_the_first_name(conversation: Conversation, ben: User) -> None:
    message = reply_in(conversation, ben, "Hello, Ada.")
    wire = message_to_wire(Message.objects.select_related("agent").get(pk=message.pk))
    assert (wire["author"], wire["agent_name"]) == ("agent", "Ben")


def test_an_agents_message_with_the_same_client_id_is_sent_once(
    conversation: Conversation, ben: User
) -> None:
    take_over(conversation=conversation, agent=ben)
    reply = AgentReply("Hello, Ada.", client_id="desk-1")
    first = add_agent_message(conversation=conversation, agent=ben, reply=reply)
    assert add_agent_message(conversation=conversation, agent=ben, reply=reply) == (first[0], False)
    assert conversation.messages.count() == 1


def test_a_customer_is_never_told_the_name_an_agent_logs_in_with(
    conversation: Conversation, eve: User
) -> None:
    assert display_name(eve) is None
    take_over(conversation=conversation, agent=eve)
    add_agent_message(conversation=conversation, agent=eve, reply=AgentReply("Hello."))
    told = json.dumps(list(conversation.events.values_list("payload", flat=True)))
    assert "You are talking with a colleague." in told
    assert "eve" not in told


def test_a_later_verdict_replaces_the_earlier_one(conversation: Conversation, ben: User) -> None:
    message = reply_in(conversation, ben, "Hello, Ada.")
    give_feedback(message=message, value="up")
    give_feedback(message=message, value="down", comment="x" * 3000)
    feedback = Feedback.objects.get()
    assert (feedback.value, len(feedback.comment)) == ("down", 2000)


def test_an_unknown_verdict_is_refused(conversation: Conversation) -> None:
    with pytest.raises(ValueError, match="sideways"):
        give_feedback(message=ask(conversation), value="sideways")
    assert Feedback.objects.count() == 0


def test_a_customer_may_use_the_id_that_an_agent_used(
    conversation: Conversation, ben: User
) -> None:
    take_over(conversation=conversation, agent=ben)
    reply = AgentReply("Hello, Ada.", client_id="reply-1")
    told, _ = add_agent_message(conversation=conversation, agent=ben, reply=reply)
    assert message_to_wire(told)["client_id"] is None
    message, created = add_customer_message(
        conversation=conversation, text="Hello, Ben.", client_id="reply-1"
    )
    assert created
    assert message.author == "customer"
