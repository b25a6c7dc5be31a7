"""supportbot.api.realtime: what the widget sends, good and bad, as the contract file says it."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from supportbot.answers.models import AnswerRun
from supportbot.answers.threads import in_thread
from tests.api.sockets import CONTRACT, MESSAGE, Socket, count, only, stored
from tests.tickets.cast import ask, reply_in
from tickets.models import Conversation, Feedback, Message, Ticket
from tickets.services.handover import give_back

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_message_is_stored_shown_and_given_a_run(
    talk: Socket, conversation: Conversation
) -> None:
    await talk.send(**MESSAGE)
    event = await talk.next()
    assert (event["seq"], event["type"]) == (1, "message.created")
    assert event["message"]["client_id"] == "c-1"
    assert (await only(AnswerRun)).question_id == uuid.UUID(event["message"]["id"])


async def test_a_message_sent_twice_is_shown_once(talk: Socket) -> None:
    await talk.send(**MESSAGE)
    await talk.send(**MESSAGE)
    assert (await talk.next())["type"] == "message.created"
    assert await talk.end.receive_nothing(0.3)
    assert await count(Message) == await count(AnswerRun) == 1


async def test_asking_for_a_person_is_told_in_events(talk: Socket) -> None:
    await talk.send(type="handover")
    types = [event["type"] for event in await talk.events(2)]
    assert types == ["ticket.changed", "handover.changed"]
    assert await count(Ticket) == 1


async def test_feedback_is_kept(talk: Socket, conversation: Conversation, ben: User) -> None:
    answer = await in_thread(reply_in)(conversation, ben, "Within 30 days.")
    await in_thread(give_back)(conversation=conversation, agent=ben)
    await talk.events(4)
    frame = {"message_id": str(answer.pk), "value": "down", "comment": "a\x00b \ud800c"}
    await talk.send(type="feedback", **frame)
    await talk.send(type="typing")
    await talk.send(type="handover")
    await talk.next()  # frames are served in order, so the feedback is there by now
    assert (await only(Feedback)).comment == "ab c"


@pytest.mark.parametrize(
    "frame",
    [
        {"message_id": "MINE", "value": "up"},
        {"message_id": str(uuid.uuid4()), "value": "up"},
        {"message_id": None, "value": "up"},
        {"message_id": ["x"], "value": "up"},
        {"message_id": "ANSWER", "value": "sideways"},
        {"message_id": "ANSWER", "value": ["up"]},
        {"message_id": "ANSWER", "value": {}},
        {"message_id": "ANSWER", "value": "up", "comment": 7},
        {},
    ],
)
async def test_bad_feedback_is_refused(
    talk: Socket, conversation: Conversation, ben: User, frame: dict[str, Any]
) -> None:
    mine = await in_thread(ask)(conversation)
    answer = await in_thread(reply_in)(conversation, ben, "Within 30 days.")
    await talk.events(4)  # also the ticket and who speaks
    ids = {"MINE": str(mine.pk), "ANSWER": str(answer.pk)}
    wanted = frame.get("message_id")
    await talk.send(type="feedback", **{**frame, "message_id": ids.get(str(wanted), wanted)})
    assert (await talk.next())["code"] in {"bad_feedback", "unknown_message"}
    assert await count(Feedback) == 0


BAD_FRAMES = [
    ("not json", "bad_frame"),
    ("[]", "bad_frame"),
    ("7", "bad_frame"),
    ("{}", "bad_frame"),
    ('{"type": 7}', "bad_frame"),
    ('{"type": ["hello"]}', "bad_frame"),
    ("[" * 90_000, "bad_frame"),
    ('{"a":' * 15_000, "bad_frame"),
    ('{"type": "hello", "after": ' + "9" * 5000 + "}", "bad_frame"),
    (json.dumps({"type": "hello", "after": 0, "x": "x" * 200_000}), "bad_frame"),
    ('{"type": "hello", "after": -1}', "bad_after"),
    ('{"type": "hello", "after": "0"}', "bad_after"),
    ('{"type": "hello", "after": 1.5}', "bad_after"),
    ('{"type": "hello", "after": true}', "bad_after"),
    ('{"type": "hello", "after": NaN}', "bad_after"),
    ('{"type": "dance"}', "unknown_type"),
    ('{"type": "message", "text": "x"}', "bad_client_id"),
    ('{"type": "message", "client_id": "c-2", "text": ""}', "empty_message"),
    ('{"type": "message", "client_id": "c-2", "text": {"a": 1}}', "bad_message"),
    (json.dumps({"type": "message", "client_id": "c-2", "text": "x" * 5000}), "message_too_long"),
]


@pytest.mark.parametrize(("text", "code"), BAD_FRAMES, ids=[f"{c}-{t[:20]}" for t, c in BAD_FRAMES])
async def test_a_bad_frame_gets_a_coded_error_and_the_talk_goes_on(
    talk: Socket, text: str, code: str
) -> None:
    await talk.end.send_to(text_data=text)
    error = await talk.next()
    (example,) = [e for e in CONTRACT["server_events"] if e["type"] == "error" and e["seq"] == 0]
    assert set(error) == set(example)
    assert (error["type"], error["seq"], error["code"]) == ("error", 0, code)
    assert error["retryable"] is False
    await talk.send(**MESSAGE)
    assert (await talk.next())["type"] == "message.created"


async def test_a_binary_frame_is_refused(talk: Socket) -> None:
    await talk.end.send_to(bytes_data=b"\x00\x01")
    assert (await talk.next())["code"] == "bad_frame"


async def test_an_error_names_the_message_it_is_about(talk: Socket) -> None:
    await talk.send(type="message", client_id="c-9", text=" ")
    assert (await talk.next())["client_id"] == "c-9"


async def test_too_many_messages_are_told_to_wait(talk: Socket, settings: Settings) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "messages": "1/hour"}
    await talk.send(**MESSAGE)
    assert (await talk.next())["type"] == "message.created"
    await talk.send(**{**MESSAGE, "client_id": "c-2"})
    error = await talk.next()
    assert (error["code"], error["client_id"], error["retryable"]) == (
        "too_many_messages",
        "c-2",
        True,
    )
    assert await count(Message) == 1


async def test_too_many_frames_of_any_kind_are_told_to_wait(
    talk: Socket, settings: Settings
) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "frames": "2/hour"}
    for _ in range(4):
        await talk.send(type="hello", after=0)
    error = await talk.next()
    assert error["code"] == "too_many_messages"


async def test_every_frame_of_the_contract_is_understood(
    talk: Socket, conversation: Conversation
) -> None:
    for frame in CONTRACT["client_frames"]:
        wanted = {"conversation": str(conversation.pk)} if "conversation" in frame else {}
        after = {"after": 0} if "after" in frame else {}
        await talk.send(**{**frame, **after, **wanted})
    await talk.send(type="dance")
    codes = [event["code"] for event in await _until_unknown_type(talk) if "code" in event]
    # The contract's message ids and files are not in this conversation, and nobody asked for a
    # rating: that is all there is to object to.
    objections = {"feedback": "unknown_message", "rating": "bad_rating", "files": "bad_files"}
    kinds = ["files" if "files" in frame else frame["type"] for frame in CONTRACT["client_frames"]]
    assert codes == [objections[kind] for kind in kinds if kind in objections]
    assert (await count(Message), await count(Ticket)) == (1, 1)


async def _until_unknown_type(socket: Socket) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    while (event := await socket.next()).get("code") != "unknown_type":
        events.append(event)
    return events


async def test_what_is_sent_is_what_is_stored(talk: Socket, conversation: Conversation) -> None:
    await talk.send(**MESSAGE)
    await talk.send(type="handover")
    assert await talk.events(3) == await stored(conversation.pk, 0)
