"""A conversation's events for readers other than the WebSocket: SSE, and long polling."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any
from uuid import UUID

import structlog
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.http import StreamingHttpResponse
from redis.exceptions import RedisError

from supportbot.answers.threads import in_thread
from supportbot.api.connection_limits import Place
from supportbot.api.last_seen import note_seen
from tickets.services.events import events_after, group_of
from tickets.services.sign_out import SIGNED_OUT

log = structlog.get_logger(__name__)

HEARTBEAT_SECONDS = 15.0
POLL_SECONDS = 5.0  # how long an event may stay unseen when Redis is down
PROOF_SECONDS = 1.0  # a client that does not get a few bytes by then sits behind a buffer
STREAM_SECONDS = 3600.0  # then the browser's EventSource connects again by itself

_events_after = in_thread(events_after)


class Feed:
    """New events of one conversation, each once and in order, whatever Redis does."""

    def __init__(self, conversation_id: UUID, after: int) -> None:
        self.conversation_id = conversation_id
        self.cursor = after

    async def read(self) -> list[dict[str, Any]]:
        """Stored events that have not been read yet."""
        events: list[dict[str, Any]] = await _events_after(self.conversation_id, self.cursor)
        if events:
            self.cursor = events[-1]["seq"]
        return events


@asynccontextmanager
async def woken(conversation_id: UUID) -> AsyncIterator[Any]:
    """A coroutine function that returns when something may have happened, or the time is over;
    False once the customer has been signed out."""
    layer = get_channel_layer()
    channel = ""
    try:
        channel = await layer.new_channel()
        await layer.group_add(group_of(conversation_id), channel)
    except (RedisError, OSError) as error:
        log.warning("channel_layer_unavailable", error=str(error))
        channel = ""

    # One reader for the whole time: the layer unsubscribes a channel whose reader is cancelled, so
    # a new one for every wait would lose wake-ups and leave subscriptions behind.
    arrived, signed_out = asyncio.Event(), asyncio.Event()
    reader = asyncio.create_task(_listen(channel, arrived, signed_out)) if channel else None

    async def wait(seconds: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(min(seconds, POLL_SECONDS)):
                await arrived.wait()
        arrived.clear()
        return not signed_out.is_set()

    try:
        yield wait
    finally:
        if reader is not None:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)


async def _listen(channel: str, arrived: asyncio.Event, signed_out: asyncio.Event) -> None:
    layer = get_channel_layer()
    while True:
        try:
            message = await layer.receive(channel)
            if message["type"] == SIGNED_OUT:
                signed_out.set()
        except (RedisError, OSError) as error:
            log.warning("channel_layer_unavailable", error=str(error))
            await asyncio.sleep(POLL_SECONDS)
        arrived.set()


def event_response(feed: Feed, place: Place, *, as_json: bool, wait: int) -> StreamingHttpResponse:
    """The response to a request for events; streams, so it needs ASGI."""
    response = StreamingHttpResponse(
        _holding(place, _long_poll(feed, wait) if as_json else _server_sent(feed)),
        content_type="application/json" if as_json else "text/event-stream",
    )
    response["Cache-Control"] = "no-cache, no-transform"
    response["X-Accel-Buffering"] = "no"  # nginx would hold the stream back
    return response


async def _holding(place: Place, parts: AsyncGenerator[bytes]) -> AsyncIterator[bytes]:
    """The same parts; the place is free when they end, however they do."""
    place.hold()
    try:
        async with aclosing(parts):
            async for part in parts:
                yield part
    finally:
        await place.leave()
        await sync_to_async(note_seen, thread_sensitive=False)([place.visitor])


async def _long_poll(feed: Feed, wait: float) -> AsyncGenerator[bytes]:
    ends_at = time.monotonic() + wait
    async with woken(feed.conversation_id) as wait_for_event:
        events = await feed.read()
        while not events and (left := ends_at - time.monotonic()) > 0:
            if not await wait_for_event(left):
                break
            events = await feed.read()
    yield json.dumps({"events": events}).encode()


async def _server_sent(feed: Feed) -> AsyncGenerator[bytes]:
    ends_at = time.monotonic() + STREAM_SECONDS
    last_sent = time.monotonic()
    async with woken(feed.conversation_id) as wait_for_event:
        # Some proxies hold the first bytes until there are many.
        yield b": " + b" " * 2048 + b"\n\nretry: 1000\n\n"
        proven = False
        while time.monotonic() < ends_at:
            for event in await feed.read():
                data = json.dumps(event)
                yield f"id: {event['seq']}\nevent: {event['type']}\ndata: {data}\n\n".encode()
                last_sent = time.monotonic()
            if time.monotonic() - last_sent > HEARTBEAT_SECONDS:
                yield b": still here\n\n"
                last_sent = time.monotonic()
            if not await wait_for_event(HEARTBEAT_SECONDS if proven else PROOF_SECONDS):
                return
            if not proven:
                yield b": open\n\n"
                proven = True
