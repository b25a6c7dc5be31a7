"""Frames for groups of sockets. Each is a wake-up: whoever misses one reads what is stored.

The web process hands frames to its event loop, which sends them in order, so that no thread waits
for Redis. Any other process sends them itself.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

MOST_WAITING = 10_000  # frames, while Redis hangs; the oldest give way


class Announcer:
    """Sends the frames of this process. Start and stop it on its event loop; `announce` is for any
    thread."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: deque[tuple[str, dict[str, Any]]] = deque(maxlen=MOST_WAITING)
        self._sending: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()

    async def stop(self) -> None:
        """Send what waits."""
        self._loop = None
        await asyncio.sleep(0)  # threads have handed over some just now
        if self._sending is not None:
            await self._sending

    def announce(self, group: str, frame: dict[str, Any]) -> None:
        """Send a frame to a group. A dead Redis delays what it tells of, and loses nothing."""
        if self._loop is None:
            async_to_sync(_send)(group, frame)
        else:
            self._loop.call_soon_threadsafe(self._queue, group, frame)

    def _queue(self, group: str, frame: dict[str, Any]) -> None:
        self._waiting.append((group, frame))
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_all())

    async def _send_all(self) -> None:
        try:
            while self._waiting:
                await _send(*self._waiting.popleft())
        finally:
            self._sending = None


async def _send(group: str, frame: dict[str, Any]) -> None:
    layer = get_channel_layer()
    if layer is None:
        return
    try:
        await layer.group_send(group, frame)
    except (RedisError, OSError) as error:
        log.warning("not_announced", group=group, error=str(error))


announcer = Announcer()
