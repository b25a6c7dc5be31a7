"""supportbot.api.realtime: opening the widget's WebSocket, replay and order of events."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from supportbot.answers.threads import in_thread
from supportbot.api import sockets, visitor_tokens
from tests.api.sockets import CONTRACT, MESSAGE, Socket, count, say, socket_of
from tests.tickets.cast import reply_in
from tickets.models import Conversation, Customer, Message, Ticket
from tickets.services.conversations import register_visitor, start_conversation
from tickets.services.events import notify

pytestmark = pytest.mark.django_db(transaction=True)


# -- Opening --------------------------------------------------------------------------------------
async def test_the_server_takes_the_contracts_subprotocol(ada: Customer) -> None:
    socket = Socket(visitor_tokens.issue(ada.pk).token)
    assert await socket.open() == CONTRACT["subprotocol"]
    await socket.end.disconnect()


@pytest.mark.parametrize("token", ["", "nonsense", "a~b~c"])
async def test_a_wrong_token_closes_with_4401(token: str) -> None:
    socket = Socket(token)
    await socket.open()
    assert await socket.closed_with() == 4401


async def test_an_expired_token_closes_with_4401(ada: Customer, settings: Settings) -> None:
    settings.VISITOR_TOKEN_SECONDS = -1
    socket = Socket(visitor_tokens.issue(ada.pk).token)
    await socket.open()
    assert await socket.closed_with() == 4401


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://shop.example.evil.example"]
)
async def test_a_foreign_origin_closes_with_4403(ada: Customer, origin: str) -> None:
    socket = Socket(visitor_tokens.issue(ada.pk).token, origin=origin)
    await socket.open()
    assert await socket.closed_with() == 4403


@pytest.mark.parametrize("origin", ["https://shop.example", "https://partner.example"])
async def test_the_own_and_the_configured_origins_are_served(
    conversation: Conversation, settings: Settings, origin: str
) -> None:
    settings.WIDGET_ORIGINS = ["https://partner.example"]
    await say(conversation)
    socket = Socket(visitor_tokens.issue(conversation.customer_id).token, origin=origin)
    await socket.open()
    await socket.send(type="hello", after=0)
    assert (await socket.next())["seq"] == 1
    await socket.end.disconnect()


# -- Hello ----------------------------------------------------------------------------------------
async def test_hello_replays_what_is_stored_and_goes_on(
    socket: Socket, conversation: Conversation
) -> None:
    before = await say(conversation, 3)
    await socket.send(type="hello", after=0)
    assert await socket.events(3) == before
    after = await say(conversation, 2)
    assert await socket.events(2) == after


async def test_a_reconnect_gets_what_it_missed_and_nothing_twice(
    conversation: Conversation,
) -> None:
    async with socket_of(conversation.customer_id, after=0) as first:
        sent = await say(conversation, 2)
        assert await first.events(2) == sent
    missed = await say(conversation, 3)
    async with socket_of(conversation.customer_id, after=2) as second:
        assert await second.events(3) == missed
        assert await second.end.receive_nothing(0.3)


async def test_two_sockets_each_get_every_event_once_and_in_order(
    conversation: Conversation,
) -> None:
    async with (
        socket_of(conversation.customer_id, after=0) as one,
        socket_of(conversation.customer_id, after=0) as other,
    ):
        for _ in range(4):
            await asyncio.gather(*(say(conversation, 2) for _ in range(3)))
        for socket in (one, other):
            assert [event["seq"] for event in await socket.events(24)] == list(range(1, 25))
            assert await socket.end.receive_nothing(0.2)


async def test_a_lost_wake_up_is_made_good(
    conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "POLL_SECONDS", 0.1)
    async with socket_of(conversation.customer_id, after=0) as socket:
        # Rows alone, as if Redis had been away when they were written.
        await in_thread(conversation.events.create)(seq=1, type="run.status", payload={})
        await in_thread(Conversation.objects.update)(last_seq=1)
        assert (await socket.next())["seq"] == 1


async def test_looking_and_being_woken_at_once_send_nothing_twice(
    conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "POLL_SECONDS", 0.0)
    async with socket_of(conversation.customer_id, after=0) as socket:
        for _ in range(30):
            await say(conversation)
        assert [event["seq"] for event in await socket.events(30)] == list(range(1, 31))
        assert await socket.end.receive_nothing(0.2)


async def test_hello_chooses_among_ones_own_conversations(conversation: Conversation) -> None:
    await say(conversation)
    await in_thread(start_conversation)(customer=conversation.customer)
    chosen = {"after": 0, "conversation": str(conversation.pk)}
    async with socket_of(conversation.customer_id, **chosen) as socket:
        assert (await socket.next())["seq"] == 1


@pytest.mark.parametrize("wanted", ["other", str(uuid.UUID(int=7)), "nonsense", 7, ["x"], {}])
async def test_a_conversation_of_somebody_else_does_not_exist(
    socket: Socket, conversation: Conversation, wanted: Any
) -> None:
    if wanted == "other":
        stranger = await in_thread(register_visitor)()
        theirs = await in_thread(start_conversation)(customer=stranger)
        await say(theirs)
        wanted = str(theirs.pk)
    await socket.send(type="hello", after=0, conversation=wanted)
    assert (await socket.next())["code"] == "unknown_conversation"
    await socket.send(**MESSAGE)
    assert (await socket.next())["code"] == "hello_first"
    assert await count(Message) == 0


async def test_typing_is_passed_on_and_not_counted(conversation: Conversation) -> None:
    (frame,) = [e for e in CONTRACT["server_events"] if e["type"] == "agent.typing"]
    async with socket_of(conversation.customer_id, after=0) as socket:
        await say(conversation)
        assert (await socket.next())["seq"] == 1
        await in_thread(notify)(conversation.pk, frame)
        assert await socket.next() == frame


async def test_a_ping_is_answered_also_before_hello(socket: Socket) -> None:
    (pong,) = [e for e in CONTRACT["server_events"] if e["type"] == "pong"]
    await socket.send(type="ping")
    assert {**await socket.next(), "at": pong["at"]} == pong


# -- Ending and going on --------------------------------------------------------------------------
async def test_hello_is_told_which_conversation_the_numbers_belong_to(
    socket: Socket, conversation: Conversation
) -> None:
    (example,) = [e for e in CONTRACT["server_events"] if e["type"] == "conversation.opened"]
    await socket.send(type="hello", after=0)
    opened = await socket.end.receive_json_from(timeout=10)
    assert set(opened) == set(example)
    assert (opened["seq"], opened["conversation"]) == (0, str(conversation.pk))


async def test_the_customer_ends_the_conversation_and_another_one_follows(
    conversation: Conversation,
) -> None:
    async with (
        socket_of(conversation.customer_id, after=0) as one,
        socket_of(conversation.customer_id, after=0) as other,
    ):
        await one.send(type="close")
        for tab in (one, other):
            closed = await tab.next()
            assert (closed["type"], closed["by"]) == ("conversation.closed", "customer")
        await other.send(**MESSAGE)
        following = [await tab.next() for tab in (one, other)]
        assert [event["type"] for event in following] == ["conversation.continued"] * 2
        # Each tab goes where the log says, and finds the message there, once.
        for tab, event in zip((one, other), following, strict=True):
            await tab.send(type="hello", after=0, conversation=event["conversation"])
            shown = await tab.next()
            assert tab.conversation == event["conversation"]
            assert (shown["seq"], shown["message"]["client_id"]) == (1, "c-1")
        await one.send(**MESSAGE)
        assert await one.end.receive_nothing(0.3)
    assert await count(Message) == 1


async def test_a_visitor_who_comes_back_after_weeks_finds_an_empty_conversation(
    conversation: Conversation, ben: User
) -> None:
    await in_thread(reply_in)(conversation, ben, "Hello.")
    await in_thread(Ticket.objects.update)(status=Ticket.Status.PENDING)
    long_ago = timezone.now() - timedelta(weeks=3)
    await in_thread(Conversation.objects.update)(last_message_at=long_ago)
    async with socket_of(conversation.customer_id, after=0) as socket:
        await socket.send(**MESSAGE)
        shown = await socket.next()
        assert (shown["seq"], shown["message"]["author"]) == (1, "customer")
        assert socket.conversation != str(conversation.pk)
