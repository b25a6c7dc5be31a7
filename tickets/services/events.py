"""The stored event log of a conversation, and the wake-up that carries new events to sockets.

An event is a row before anybody sees it. The channel layer only says "there is something new"
(with the event itself, to save a query); a socket that misses a wake-up reads the rows.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone
from psycopg.types.json import Json

from tickets.models import Conversation, Event
from tickets.services.announcing import announcer

EVENT_TYPES = frozenset(
    {
        "message.created",
        "address.left",
        "run.started",
        "run.status",
        "answer.sentence",
        "answer.completed",
        "answer.replaced",
        "handover.changed",
        "conversation.closed",
        "conversation.continued",
        "ticket.changed",
        "rating.asked",
        "rating.given",
        "error",
    }
)
# One statement, because every answer makes several events. The row lock on the conversation makes
# numbers gapless: they commit in order or not at all.
_APPEND = """
WITH numbered AS (
    UPDATE tickets_conversation SET last_seq = last_seq + 1
    WHERE id = %(conversation)s RETURNING id, last_seq
)
INSERT INTO tickets_event (conversation_id, seq, created_at, type, payload)
SELECT id, last_seq, %(now)s, %(type)s, %(payload)s FROM numbered RETURNING seq
"""
# A message's place is the number of the event that shows it. What it answers awaits no answer.
_APPEND_MESSAGE = """
WITH numbered AS (
    UPDATE tickets_conversation
    SET last_seq = last_seq + 1, updated_at = %(now)s, last_message_at = %(now)s
    WHERE id = %(conversation)s RETURNING id, last_seq
), placed AS (
    UPDATE tickets_message SET seq = last_seq FROM numbered
    WHERE tickets_message.id = %(message)s
), answered AS (
    UPDATE tickets_message SET awaits_answer = FALSE WHERE id = %(answers)s
)
INSERT INTO tickets_event (conversation_id, seq, created_at, type, payload)
SELECT id, last_seq, %(now)s, %(type)s, %(payload)s FROM numbered RETURNING seq
"""
# The same for several events, while a row is held and a condition on the conversation holds. The
# row is locked before the conversation, as everywhere.
_APPEND_WHILE = """
WITH held AS ({held}), numbered AS (
    UPDATE tickets_conversation SET last_seq = last_seq + %(count)s
    WHERE id = %(conversation)s AND {condition} AND EXISTS (SELECT FROM held)
    RETURNING id, last_seq
)
INSERT INTO tickets_event (conversation_id, seq, created_at, type, payload)
SELECT id, last_seq - %(count)s + place, %(now)s, type, payload::jsonb
FROM numbered, unnest(%(types)s::text[], %(payloads)s::text[])
     WITH ORDINALITY AS new (type, payload, place)
RETURNING seq
"""


@dataclass(frozen=True)
class NewEvent:
    type: str
    payload: dict[str, Any]


@dataclass(frozen=True)
class Condition:
    """When events may be stored, in SQL: `held` selects a row and locks it, `of_conversation` is a
    condition on the conversation's row. `values` are those that `held` names."""

    held: str
    of_conversation: str
    values: dict[str, Any]


def group_of(conversation_id: UUID) -> str:
    """The channel-layer group that carries a conversation's events."""
    return f"conversation.{conversation_id}"


def append_event(
    *,
    conversation_id: UUID,
    type: str,
    payload: dict[str, Any],
    shows: UUID | None = None,
    answers: UUID | None = None,
) -> dict[str, Any]:
    """Store the conversation's next event; sockets hear of it when the transaction commits. One
    that `shows` a stored message gives it its place, and puts the conversation first in lists; the
    message that this one `answers` awaits nothing more.

    Must run in a transaction, so that the event and the change it tells of stand or fall together.
    Returns the event as it goes over the wire.
    """
    _check_type(type)
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("append_event needs a transaction")
    event = Event(
        conversation_id=conversation_id, type=type, payload=payload, created_at=timezone.now()
    )
    values: dict[str, Any] = {
        "conversation": conversation_id,
        "now": event.created_at,
        "type": type,
        "payload": Json(payload),
        "message": shows,
        "answers": answers,
    }
    with connection.cursor() as cursor:
        cursor.execute(_APPEND if shows is None else _APPEND_MESSAGE, values)
        row = cursor.fetchone()
    if row is None:
        raise Conversation.DoesNotExist
    event.seq = row[0]
    wire = to_wire(event)
    transaction.on_commit(lambda: notify(conversation_id, wire), robust=True)
    return wire


def append_while(
    condition: Condition, *, conversation_id: UUID, events: Sequence[NewEvent]
) -> bool:
    """Store the conversation's next events, all or none, in one statement of its own: whether the
    condition held. Sockets hear of each of them."""
    for event in events:
        _check_type(event.type)
    now = timezone.now()
    statement = _APPEND_WHILE.format(held=condition.held, condition=condition.of_conversation)
    values = {
        **condition.values,
        "count": len(events),
        "conversation": conversation_id,
        "now": now,
        "types": [event.type for event in events],
        "payloads": [json.dumps(event.payload) for event in events],
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        numbers = sorted(row[0] for row in cursor.fetchall())
    for seq, event in zip(numbers, events, strict=False):
        wire = {"seq": seq, "type": event.type, "at": iso(now), **event.payload}
        transaction.on_commit(partial(notify, conversation_id, wire), robust=True)
    return bool(numbers)


def _check_type(type: str) -> None:
    if type not in EVENT_TYPES:
        raise ValueError(f"unknown event type {type!r}")


def to_wire(event: Event) -> dict[str, Any]:
    """The event as the widget gets it (tests/contracts/realtime.json)."""
    return {"seq": event.seq, "type": event.type, "at": iso(event.created_at), **event.payload}


def iso(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def notify(conversation_id: UUID, wire: dict[str, Any]) -> None:
    """Send one frame to the conversation's sockets. A dead Redis delays it, never loses it."""
    frame = {"type": "conversation.event", "conversation": str(conversation_id), "event": wire}
    announcer.announce(group_of(conversation_id), frame)


def events_after(conversation_id: UUID, seq: int, limit: int = 500) -> list[dict[str, Any]]:
    """Stored events with a number above `seq`, in order."""
    rows = Event.objects.filter(conversation_id=conversation_id, seq__gt=seq).order_by("seq")
    return [to_wire(event) for event in rows[:limit]]
