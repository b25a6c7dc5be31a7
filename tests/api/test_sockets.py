"""supportbot.api.sockets: clients that are gone, clients that do not read, and lost wake-ups."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from supportbot.api import connection_limits, sockets, visitor_tokens
from supportbot.api.sockets import lost_wake_ups
from supportbot.asgi import application
from tests.api.sockets import SECONDS, Communicator, Socket, say, socket_of
from tickets.models import Conversation

pytestmark = pytest.mark.django_db(transaction=True)


class Connection:
    """What uvicorn's connection is to the consumer: it sends, and may be cut."""

    def __init__(self) -> None:
        self.is_gone = self.is_full = False
        self.cut = asyncio.Event()
        self.transport = self  # of which abort() is asked
        self.end: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self._send = send
        await application(scope, receive, self.send)

    async def send(self, message: Any) -> None:
        if self.is_full:
            await asyncio.Event().wait()
        if self.is_gone:
            raise ConnectionError
        await self._send(message)

    def abort(self) -> None:
        self.cut.set()


async def opened(conversation: Conversation) -> tuple[Connection, Socket]:
    """A socket that has said hello, over a connection that can fail."""
    connection = Connection()
    socket = Socket(visitor_tokens.issue(conversation.customer_id).token)
    scope = socket.end.scope
    socket.end = Communicator(connection, scope["path"], scope["headers"], scope["subprotocols"])
    await socket.open()
    await say(conversation)
    await socket.send(type="hello", after=0)
    assert (await socket.next())["seq"] == 1
    await socket.send(type="ping")
    assert (await socket.next())["type"] == "pong"
    return connection, socket


def left_behind(conversation: Conversation) -> list[Any]:
    """Places that are held for the visitor, and sockets that are looked after."""
    held = connection_limits._held.values()
    mine = [one for one in held if one.visitor == str(conversation.customer_id)]
    return [*mine, *lost_wake_ups()._readers]


async def test_who_goes_while_an_event_is_sent_leaves_nothing_behind(
    conversation: Conversation,
) -> None:
    connection, socket = await opened(conversation)
    assert len(left_behind(conversation)) == 2
    connection.is_gone = True
    await say(conversation, 2)
    await socket.send(type="ping")
    await socket.end.disconnect(timeout=SECONDS)
    assert left_behind(conversation) == []


async def test_who_stops_reading_is_dropped_and_others_hear_on(
    conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "STOPPED_SECONDS", 0.05)
    connection, socket = await opened(conversation)
    async with socket_of(conversation.customer_id, after=1) as other:
        connection.is_full = True
        await say(conversation)
        assert (await other.next())["seq"] == 2
        await asyncio.wait_for(connection.cut.wait(), SECONDS)
        connection.is_full, connection.is_gone = False, True
        await socket.end.disconnect(timeout=SECONDS)
        await say(conversation)
        assert (await other.next())["seq"] == 3
    assert left_behind(conversation) == []


async def test_all_sockets_are_looked_after_at_once(conversation: Conversation) -> None:
    places = [(conversation.pk, 0), (conversation.pk, 0), None]
    caught_up = asyncio.Event()

    class Reader:
        def __init__(self, place: Any) -> None:
            self.place = lambda: place

        async def catch_up(self) -> None:
            caught_up.set()

    await say(conversation)
    asked: list[set[Any]] = []
    real = sockets._last_numbers

    async def counted(conversations: set[Any]) -> dict[Any, int]:
        asked.append(conversations)
        return await real(conversations)

    watch = sockets.LostWakeUps()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sockets, "_last_numbers", counted)
        patch.setattr(sockets, "POLL_SECONDS", 0.01)
        readers = [Reader(place) for place in places]
        for reader in readers:
            watch.add(reader)
        await asyncio.wait_for(caught_up.wait(), SECONDS)
        for reader in readers:
            watch.remove(reader)
    assert asked[0] == {conversation.pk}
