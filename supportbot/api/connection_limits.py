"""How many sockets and event streams may be open: of one visitor, and of all web processes.

Each open one holds a place: an entry in two sorted sets in Redis, the visitor's and everybody's,
with the time it runs out as its score. The process renews the places that it holds, so those of a
process that died become free by themselves. Without Redis nobody is refused, as with rates.
"""

from __future__ import annotations

import asyncio
import functools
import secrets
from typing import Any

import redis
import structlog
from asgiref.sync import sync_to_async
from django.conf import settings

from supportbot.api.last_seen import note_seen

log = structlog.get_logger(__name__)

HELD_SECONDS = 45  # how long a place outlives its process
RENEWED_SECONDS = 15.0
_ALL = "connections:all"
_SOCKET_SECONDS = 2.0

# KEYS: the visitor's places, everybody's. ARGV: the place, most of the visitor's, most of all,
# seconds. Answers which set is full, counted from 1, or 0. Redis's own clock counts.
_TAKE = """
local now = tonumber(redis.call('TIME')[1])
for i, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
  if redis.call('ZCARD', key) >= tonumber(ARGV[1 + i]) then return i end
end
for _, key in ipairs(KEYS) do
  redis.call('ZADD', key, now + ARGV[4], ARGV[1])
  redis.call('EXPIRE', key, ARGV[4])
end
return 0
"""


class TooManyConnectionsError(Exception):
    """No place is free. The text is for the visitor."""

    code = "too_many_connections"

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


_FULL = {
    1: "This chat is open in too many places. Close one of them, and it goes on here.",
    2: "Too many people are here at the moment. Please try again in a minute.",
}


class Place:
    """One open connection of a visitor. Lasts HELD_SECONDS, and from hold() on until leave()."""

    def __init__(self, visitor: str) -> None:
        self.visitor = visitor
        self.id = secrets.token_hex(8)
        self.keys = (f"connections:{visitor}", _ALL)

    def hold(self) -> None:
        """Keep the place while this process lives."""
        _held[self.id] = self

    async def leave(self) -> None:
        """Free the place. Should this be cancelled, it runs out by itself."""
        _held.pop(self.id, None)
        await sync_to_async(_remove, thread_sensitive=False)([self])


_held: dict[str, Place] = {}


def take_place(visitor: str) -> Place:
    """A place for one more connection. Raises TooManyConnectionsError."""
    place = Place(visitor)
    most = (settings.CONNECTIONS_PER_VISITOR, settings.CONNECTIONS_IN_ALL)
    try:
        full = int(_script()(keys=place.keys, args=[place.id, *most, HELD_SECONDS]))
    except (redis.RedisError, OSError) as error:
        log.warning("connection_not_counted", error=str(error))
        return place
    if full:
        log.warning("connection_refused", visitor=visitor, full="visitor" if full == 1 else "all")
        raise TooManyConnectionsError(_FULL[full])
    return place


async def keep_places() -> None:
    """Renew what this process holds, as long as it lives."""
    while True:
        await asyncio.sleep(RENEWED_SECONDS)
        visitors = {place.visitor for place in _held.values()}
        await sync_to_async(note_seen, thread_sensitive=False)(visitors)
        await sync_to_async(renew, thread_sensitive=False)()


def renew() -> None:
    """Renew every place that is held here, and put back what Redis has lost."""
    places = list(_held.values())
    if not places:
        return
    try:
        client = _client()
        ends_at = client.time()[0] + HELD_SECONDS
        with client.pipeline(transaction=False) as pipeline:
            for place in places:
                for key in place.keys:
                    pipeline.zadd(key, {place.id: ends_at})
                    pipeline.expire(key, HELD_SECONDS)
            pipeline.execute()
    except (redis.RedisError, OSError) as error:
        log.warning("connections_not_renewed", error=str(error))
        return
    # Those that were left meanwhile have just been put back.
    _remove([place for place in places if place.id not in _held])


def _remove(places: list[Place]) -> None:
    if not places:
        return
    try:
        with _client().pipeline(transaction=False) as pipeline:
            for place in places:
                for key in place.keys:
                    pipeline.zrem(key, place.id)
            pipeline.execute()
    except (redis.RedisError, OSError) as error:
        log.warning("connection_not_uncounted", error=str(error))


@functools.cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=_SOCKET_SECONDS,
        socket_connect_timeout=_SOCKET_SECONDS,
    )


@functools.cache
def _script() -> Any:
    return _client().register_script(_TAKE)
