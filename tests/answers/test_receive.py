"""A frame becomes a stored message and a queued run, once."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from knowledge.leases import LeaseLostError
from supportbot.answers.errors import ReceiveError
from supportbot.answers.models import AnswerRun
from supportbot.answers.receive import (
    HISTORY_TURNS,
    IncomingMessage,
    accept_message,
    check_message,
    receive,
)
from supportbot.answers.runner import claim, execute
from tests.answers.asking import ask, in_database, told
from tests.tickets.cast import reply_in
from tickets.models import Conversation, Event, Message
from tickets.services.events import append_event
from tickets.services.handover import request_person

BAD: list[tuple[Any, str]] = [
    (None, "bad_message"),
    ([], "bad_message"),
    ({}, "bad_client_id"),
    ({"text": "Hi"}, "bad_client_id"),
    ({"text": "Hi", "client_id": ""}, "bad_client_id"),
    ({"text": "Hi", "client_id": 7}, "bad_client_id"),
    ({"text": "Hi", "client_id": "x" * 101}, "bad_client_id"),
    ({"text": "Hi", "client_id": "a\x00b"}, "bad_client_id"),
    ({"text": "Hi", "client_id": "\ud83d"}, "bad_client_id"),
    ({"client_id": "c"}, "bad_message"),
    ({"text": 7, "client_id": "c"}, "bad_message"),
    ({"text": " \n\x00 ", "client_id": "c"}, "empty_message"),
    ({"text": "x" * 4001, "client_id": "c"}, "message_too_long"),
]


@pytest.mark.parametrize(("raw", "code"), BAD)
def test_what_is_no_message_is_refused_with_a_code(raw: Any, code: str) -> None:
    with pytest.raises(ReceiveError) as caught:
        check_message(raw)
    assert (caught.value.code, caught.value.retryable) == (code, False)
    assert caught.value.text


def test_characters_that_cannot_be_stored_are_left_out() -> None:
    message = check_message({"text": " May\x00 I\ud83d\n\treturn\u202e it?\x07 ", "client_id": "c"})
    assert message == IncomingMessage(text="May I\n\treturn it?", client_id="c")


def test_the_limit_is_a_setting(settings: Settings) -> None:
    settings.MESSAGE_MAX_CHARACTERS = 5
    assert check_message({"text": "12345", "client_id": "c"}).text == "12345"
    with pytest.raises(ReceiveError, match="to 5 characters"):
        check_message({"text": "123456", "client_id": "c"})


def accept(conversation: Conversation, text: str = "Hi", client_id: str = "c") -> AnswerRun:
    incoming = IncomingMessage(text, client_id)
    run = accept_message(conversation=conversation, incoming=incoming).run
    assert run is not None
    return run


def test_a_message_and_its_run_are_stored_together(conversation: Conversation) -> None:
    run = accept(conversation)
    assert run.question is not None
    assert (run.status, run.delivery, run.question.text) == ("queued", "stream", "Hi")
    assert Event.objects.get().payload["message"]["client_id"] == "c"


def test_the_same_client_id_changes_nothing(conversation: Conversation) -> None:
    first = accept(conversation)
    again = accept(conversation, "Something else")
    assert again == first
    assert (Message.objects.count(), AnswerRun.objects.count(), Event.objects.count()) == (1, 1, 1)


def test_while_a_person_is_waited_for_answers_are_drafts(conversation: Conversation) -> None:
    request_person(conversation=conversation)
    assert accept(conversation).delivery == AnswerRun.Delivery.DRAFT


def test_in_draft_mode_answers_are_drafts(conversation: Conversation) -> None:
    Conversation.objects.update(mode=Conversation.Mode.DRAFT)
    assert accept(conversation).delivery == AnswerRun.Delivery.DRAFT


@pytest.mark.django_db(transaction=True)
async def test_a_question_knows_what_was_said_before_and_its_day(
    conversation: Conversation, settings: Settings
) -> None:
    settings.MESSAGE_JOIN_SECONDS = 0
    for number in range(HISTORY_TURNS + 2):
        await ask(conversation, f"Question {number}", client_id=str(number))
    run_id = await ask(conversation, "The one", client_id="last")
    day = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
    later = Message.objects.filter(text="The one")
    await in_database(lambda: Message.objects.exclude(text="The one").update(created_at=day))
    await in_database(lambda: later.update(created_at=day + dt.timedelta(seconds=1)))
    question = await receive(await in_database(lambda: AnswerRun.objects.get(pk=run_id)))
    assert question.text == "The one"
    assert question.as_of == dt.date(2026, 3, 1)
    assert len(question.history) == HISTORY_TURNS
    assert "The one" not in {turn.text for turn in question.history}
    assert {turn.author for turn in question.history} == {"customer"}


# -- Joining ----------------------------------------------------------------------------------
def test_a_second_message_within_a_moment_is_part_of_the_question(
    conversation: Conversation,
) -> None:
    first = accept(conversation, "Can I return beans?", "a")
    assert accept(conversation, "They are opened.", "b") == first
    assert accept(conversation, "Since last week.", "c") == first
    assert accept(conversation, "again", "c") == first
    assert first.question is not None
    question = first.question.question_text
    assert question == "Can I return beans?\nThey are opened.\nSince last week."
    assert (Message.objects.count(), Event.objects.count()) == (3, 3)


def test_a_message_after_a_moment_is_a_question_of_its_own(
    conversation: Conversation, settings: Settings
) -> None:
    settings.MESSAGE_JOIN_SECONDS = 1.5
    first = accept(conversation, client_id="a")
    Message.objects.update(created_at=timezone.now() - dt.timedelta(seconds=1.6))
    assert accept(conversation, client_id="b") != first


@pytest.mark.parametrize("type", ["answer.sentence", "answer.completed"])
def test_a_message_after_the_answer_began_to_show_is_a_question_of_its_own(
    conversation: Conversation, type: str
) -> None:
    first = accept(conversation, client_id="a")
    append_event(conversation_id=conversation.pk, type=type, payload={"run_id": str(first.pk)})
    assert accept(conversation, client_id="b") != first


def test_a_message_after_an_agents_words_is_a_question_of_its_own(
    conversation: Conversation, ben: User
) -> None:
    first = accept(conversation, client_id="a")
    reply_in(conversation, ben, "Hello.")
    assert accept(conversation, client_id="b") != first


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("returns_policy")
async def test_a_message_that_joins_takes_the_run_from_who_works_on_it(
    conversation: Conversation,
) -> None:
    run_id = await ask(conversation, "Can I return it?", client_id="a")
    running = await claim(run_id)
    assert running is not None
    assert await ask(conversation, "The opened coffee beans.", client_id="b") == run_id
    with pytest.raises(LeaseLostError):
        await running.emit("answer.sentence", index=0, text="No.", citations=[])
    await execute(run_id)
    result = await told(run_id)
    assert result.run.attempts == 2
    assert "cannot be returned" in result.answer["message"]["text"]
    # The answer stands below the whole question.
    started = [event["message_id"] for event in result.of_run if event["type"] == "run.started"]
    assert started == [str(message.pk) for message in result.messages[:2]]


@pytest.mark.django_db(transaction=True)
async def test_the_answer_to_an_earlier_question_does_not_come_between(
    conversation: Conversation, settings: Settings
) -> None:
    settings.MESSAGE_JOIN_SECONDS = 0
    first = await ask(conversation, "Can I return beans?", client_id="a")
    second = await ask(conversation, "What does a parcel cost?", client_id="b")
    await execute(first)
    settings.MESSAGE_JOIN_SECONDS = 60
    assert await ask(conversation, "To Ireland.", client_id="c") == second


# -- History -----------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("returns_policy")
async def test_a_question_asked_during_an_answer_sees_that_answer_behind_its_question(
    conversation: Conversation, settings: Settings
) -> None:
    settings.MESSAGE_JOIN_SECONDS = 0
    first = await ask(conversation, "Can I return opened coffee beans?", client_id="a")
    second = await ask(conversation, "What does the parcel cost?", client_id="b")
    third = await ask(conversation, "And the refund?", client_id="c")
    await execute(second)
    assert (await told(second)).run.status == "queued"  # it is not its turn
    await execute(first)
    await execute(second)
    run = await in_database(lambda: AnswerRun.objects.get(pk=third))
    history = (await receive(run)).history
    assert [turn.author for turn in history] == ["customer", "bot", "customer", "bot"]
    assert history[2].text == "What does the parcel cost?"
    assert "£3.95" in history[3].text
