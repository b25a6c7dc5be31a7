"""Who looks at a conversation, and who types: in Redis, each entry with the time it runs out.

Without Redis nobody is seen, and nothing else suffers.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import redis
import structlog
from asgiref.sync import sync_to_async
from django.conf import settings

log = structlog.get_logger(__name__)

VIEWING_SECONDS = 40  # a page says every 15 seconds that it is open
TYPING_SECONDS = 6
TELL_APART = 2.0  # seconds
CUSTOMER = "customer"
_SOCKET_SECONDS = 2.0


@dataclass(frozen=True)
class Person:
    """An agent at a conversation; `typing` is "", "reply" or "note"."""

    id: int
    name: str
    typing: str = ""


@dataclass(frozen=True)
class Presence:
    people: tuple[Person, ...] = ()
    customer_types: bool = False


def watch_group(conversation: UUID) -> str:
    """The channel-layer group of the desks that show a conversation."""
    return f"desk.{conversation}"


def note_agent(conversation: UUID, person: Person) -> None:
    """The agent is there, and types or not."""
    now, member = time.time(), f"{person.id}|{person.name}"

    def write(pipeline: redis.client.Pipeline) -> None:
        pipeline.zadd(_viewing(conversation), {member: now + VIEWING_SECONDS})
        for kind in ("reply", "note"):
            pipeline.zrem(_typing(conversation), f"{kind}|{member}")
        if person.typing:
            pipeline.zadd(
                _typing(conversation), {f"{person.typing}|{member}": now + TYPING_SECONDS}
            )

    _write(conversation, write)


def note_left(conversation: UUID, person: Person) -> None:
    member = f"{person.id}|{person.name}"

    def write(pipeline: redis.client.Pipeline) -> None:
        pipeline.zrem(_viewing(conversation), member)
        pipeline.zrem(_typing(conversation), f"reply|{member}", f"note|{member}")

    _write(conversation, write)


def note_customer_types(conversation: UUID) -> None:
    until = time.time() + TYPING_SECONDS
    _write(conversation, lambda pipeline: pipeline.zadd(_typing(conversation), {CUSTOMER: until}))


async def tell_customer_types(layer: Any, conversation: UUID, told_at: float) -> float:
    """Note it, and wake the desks that show the conversation, unless that was done at `told_at`, a
    moment ago. Returns when it was done last, by the monotonic clock."""
    now = time.monotonic()
    if now - told_at < TELL_APART:
        return told_at
    await sync_to_async(note_customer_types, thread_sensitive=False)(conversation)
    try:
        await layer.group_send(watch_group(conversation), {"type": "desk.presence"})
    except (redis.RedisError, OSError) as error:
        log.warning("presence_not_told", error=str(error))
    return now


def read_presence(conversation: UUID) -> Presence:
    """Everybody who is there now."""
    now = time.time()
    try:
        client = _client()
        viewing = _names(client.zrangebyscore(_viewing(conversation), now, "+inf"))
        typing = _names(client.zrangebyscore(_typing(conversation), now, "+inf"))
    except (redis.RedisError, OSError) as error:
        log.warning("presence_unknown", error=str(error))
        return Presence()
    types = dict[str, str]()
    for entry in typing:
        kind, _, member = entry.partition("|")
        types[member] = kind
    people = []
    for member in viewing:
        number, _, name = member.partition("|")
        people.append(Person(int(number), name, types.get(member, "")))
    return Presence(tuple(people), CUSTOMER in typing)


def _names(entries: Any) -> list[str]:
    return [entry.decode() for entry in entries]


def _write(conversation: UUID, write: Callable[[redis.client.Pipeline], object]) -> None:
    try:
        with _client().pipeline(transaction=False) as pipeline:
            write(pipeline)
            for key in (_viewing(conversation), _typing(conversation)):
                pipeline.expire(key, VIEWING_SECONDS)
            pipeline.execute()
    except (redis.RedisError, OSError) as error:
        log.warning("presence_not_noted", error=str(error))


def _viewing(conversation: UUID) -> str:
    return f"desk:viewing:{conversation}"


def _typing(conversation: UUID) -> str:
    return f"desk:typing:{conversation}"


@functools.cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=_SOCKET_SECONDS, socket_connect_timeout=_SOCKET_SECONDS
    )
