"""What the sockets of the widget and of the desk have in common: they get along with clients that
are gone or have stopped reading, and hear of events whose wake-up was lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, Protocol
from uuid import UUID
from weakref import WeakKeyDictionary

import structlog
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import DatabaseError

from supportbot.answers.threads import in_thread
from supportbot.api.event_stream import POLL_SECONDS
from tickets.models import Conversation

log = structlog.get_logger(__name__)

STOPPED_SECONDS = 20.0  # how long one frame may wait for a client that does not read


class SocketConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels carries no types
    """Sending never fails. A client that has gone is noticed by disconnect(), which always comes; a
    consumer that ended with an error of send() would leave its places and groups behind. A client
    that has stopped reading is dropped: what it does not read would fill the memory, and it finds
    it again when it connects."""

    async def send(
        self, text_data: str | None = None, bytes_data: bytes | None = None, close: Any = False
    ) -> None:
        await self._in_time(super().send(text_data, bytes_data, close))

    async def close(self, code: Any = None, reason: str | None = None) -> None:
        await self._in_time(super().close(code, reason))

    async def _in_time(self, sending: Awaitable[None]) -> None:
        try:
            async with asyncio.timeout(STOPPED_SECONDS):
                await sending
        except TimeoutError:
            log.info("reader_dropped")
            self._abort()
        except OSError:
            return  # the client has gone

    def _abort(self) -> None:
        """Cut the connection: a close would wait behind what is not read. ASGI has no word for it;
        uvicorn's `send` belongs to the connection."""
        transport = getattr(getattr(self.base_send, "__self__", None), "transport", None)
        if transport is not None:
            transport.abort()


class Reader(Protocol):
    """Who follows a conversation."""

    def place(self) -> tuple[UUID, int] | None:
        """The conversation, and the last number that was read."""

    async def catch_up(self) -> None:
        """Read on."""


class LostWakeUps:
    """Asks the database every POLL_SECONDS, once for all sockets of the process, which of their
    conversations have gone on, and has those readers catch up that did not notice."""

    def __init__(self) -> None:
        self._readers: dict[Reader, asyncio.Task[None] | None] = {}
        self._polling: asyncio.Task[None] | None = None

    def add(self, reader: Reader) -> None:
        self._readers.setdefault(reader, None)
        if self._polling is None or self._polling.done():
            self._polling = asyncio.create_task(self._poll())

    def remove(self, reader: Reader) -> None:
        task = self._readers.pop(reader, None)
        if task is not None:
            task.cancel()

    async def _poll(self) -> None:
        while self._readers:
            await asyncio.sleep(POLL_SECONDS)
            try:
                await self._look()
            except DatabaseError:
                log.exception("poll_failed")

    async def _look(self) -> None:
        places = {reader: place for reader in self._readers if (place := reader.place())}
        if not places:
            return
        newest = await _last_numbers({conversation for conversation, _ in places.values()})
        for reader, (conversation, number) in places.items():
            # One that is at it, or waits for a client, is left alone.
            task = self._readers.get(reader)
            is_free = reader in self._readers and (task is None or task.done())
            if is_free and newest.get(conversation, 0) > number:
                self._readers[reader] = asyncio.create_task(_catch_up(reader))


async def _catch_up(reader: Reader) -> None:
    try:
        await reader.catch_up()
    except Exception:
        log.exception("poll_failed")


@in_thread
def _last_numbers(conversations: set[UUID]) -> dict[UUID, int]:
    found = Conversation.objects.filter(pk__in=conversations)
    return dict(found.values_list("pk", "last_seq"))


_of_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, LostWakeUps] = WeakKeyDictionary()


def lost_wake_ups() -> LostWakeUps:
    """Those of this process, or, in tests, of this event loop."""
    return _of_loop.setdefault(asyncio.get_running_loop(), LostWakeUps())
