"""One speaker at a time: the services refuse every other one, and so does the database."""

from __future__ import annotations

import uuid
from itertools import product

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from tests.tickets.cast import ask
from tickets.models import Conversation, Message
from tickets.services.conversations import close_conversation
from tickets.services.handover import request_person, take_over
from tickets.services.messages import AgentReply, add_agent_message, add_bot_answer, add_notice
from tickets.states import SPEAKERS, SpeakerError

State, Author = Conversation.State, Message.Author


def bring(conversation: Conversation, state: str, agent: User) -> None:
    if state == State.WAITING:
        request_person(conversation=conversation)
    elif state == State.AGENT:
        take_over(conversation=conversation, agent=agent)
    elif state == State.CLOSED:
        close_conversation(conversation=conversation, by="customer")
    conversation.refresh_from_db()
    assert conversation.state == state


@pytest.mark.parametrize(("state", "author"), list(product(State, Author)))
def test_the_database_refuses_who_may_not_speak(
    conversation: Conversation, ben: User, state: str, author: str
) -> None:
    bring(conversation, state, ben)
    message = Message(conversation=conversation, author=author, text="Hello")
    message.agent = ben if author == Author.AGENT else None
    if author in SPEAKERS[state]:
        message.save()
        return
    with pytest.raises(IntegrityError, match="cannot be written"), transaction.atomic():
        message.save()
    assert not Message.objects.exists()


def test_the_database_refuses_an_agent_who_does_not_have_the_conversation(
    conversation: Conversation, ben: User, cleo: User
) -> None:
    bring(conversation, State.AGENT, ben)
    with pytest.raises(IntegrityError, match="cannot be written"), transaction.atomic():
        Message.objects.create(conversation=conversation, author="agent", agent=cleo, text="Hi")


@pytest.mark.parametrize("state", [State.BOT, State.WAITING, State.AGENT])
def test_the_database_keeps_closed_conversations_closed(
    conversation: Conversation, ben: User, state: str
) -> None:
    bring(conversation, State.CLOSED, ben)
    with pytest.raises(IntegrityError, match="stays closed"), transaction.atomic():
        Conversation.objects.filter(pk=conversation.pk).update(state=state)


@pytest.mark.parametrize("state", [State.WAITING, State.AGENT, State.CLOSED])
def test_an_answer_of_the_bot_is_refused_while_it_may_not_speak(
    conversation: Conversation, ben: User, state: str
) -> None:
    question = ask(conversation)
    bring(conversation, state, ben)
    before = conversation.last_seq
    with pytest.raises(SpeakerError, match="bot cannot be sent"):
        add_bot_answer(question=question, run_id=uuid.uuid4(), text="Yes.", sentences=[])
    conversation.refresh_from_db()
    assert conversation.last_seq == before


@pytest.mark.parametrize("state", [State.BOT, State.WAITING, State.CLOSED])
def test_an_agent_is_refused_where_nobody_has_taken_over(
    conversation: Conversation, ben: User, state: str
) -> None:
    bring(conversation, state, ben)
    with pytest.raises(SpeakerError, match="agent cannot be sent"):
        add_agent_message(conversation=conversation, agent=ben, reply=AgentReply("Hello"))


@pytest.mark.parametrize("state", State)
def test_a_notice_of_the_product_is_always_told(
    conversation: Conversation, ben: User, state: str
) -> None:
    bring(conversation, state, ben)
    notice = add_notice(conversation=conversation, text="This is solved.")
    assert conversation.events.get(seq=notice.seq).payload["message"]["author"] == "system"
