"""The middle of the desk: everything that happened in a conversation, in order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from tickets.admin.audit import WORDS
from tickets.admin.desk import messages_of
from tickets.admin.parts import related_of_parts
from tickets.models import AuditEntry, Event, Message, Note, Ticket, TicketLink
from tickets.services.merging import merged_conversations
from tickets.services.names import staff_name
from tickets.services.notes import notes_of

SHOWN = 150  # messages, the newest; earlier ones on request
MESSAGE_EVENTS = ("message.created", "answer.completed")
_WRITING = ("run.started", "run.status", "answer.sentence")
_WRITTEN = ("answer.completed", "answer.replaced", "error", "conversation.closed")
# What the messages and drafts beside it say already.
_SAID_ELSEWHERE = frozenset(
    {
        "attachment.added",
        "message.sent",
        "draft.created",
        "draft.approved",
        "draft.edited",
        "ticket.note_added",
        "conversation.viewed",
        "policy.decided",
    }
)


@dataclass(frozen=True)
class Item:
    """A line of the conversation: a message, a colleague's note, or, with its words, an entry of
    the audit log."""

    at: dt.datetime
    message: Message | None = None
    note: Note | None = None
    who: str = ""
    words: str = ""


@dataclass(frozen=True)
class Marks:
    """How far a page has read: the numbers of an event, of an entry of the audit log, of a note."""

    seq: int
    entry: int
    note: int


@dataclass(frozen=True)
class Timeline:
    items: list[Item]
    marks: Marks
    has_earlier: bool = False


@dataclass(frozen=True)
class Writing:
    """The answer that the bot is writing: its sentences so far, and what it says it is doing."""

    sentences: tuple[str, ...]
    status: str


def read_timeline(ticket: Ticket, user: User, *, everything: bool = False) -> Timeline:
    """The newest part of the conversation, or all of it, as the user may see it."""
    messages = _messages_of(ticket).order_by("-created_at", "-seq")
    if not everything:
        messages = messages[: SHOWN + 1]
    found = list(reversed(messages))
    has_earlier = not everything and len(found) > SHOWN
    found = found[-SHOWN:] if has_earlier else found
    entries = list(_entries_of(ticket, user).order_by("pk"))
    newest = entries[-1].pk if entries else 0
    if has_earlier:
        entries = [entry for entry in entries if entry.created_at >= found[0].created_at]
    notes = list(notes_of(ticket))
    newest_note = max((note.pk for note in notes), default=0)
    if has_earlier:
        notes = [note for note in notes if note.created_at >= found[0].created_at]
    marks = Marks(ticket.conversation.last_seq, newest, newest_note)
    return Timeline(_in_order(found, entries, notes), marks, has_earlier)


def _messages_of(ticket: Ticket) -> QuerySet[Message]:
    """Also those of the tickets that were merged into this one."""
    merged = merged_conversations(ticket).values_list("pk", flat=True)
    conversations = [ticket.conversation_id, *merged]
    said = Message.objects.filter(conversation__in=conversations)
    said = said.select_related("agent", "feedback", *related_of_parts())
    return said.prefetch_related("attachments")


def read_news(ticket: Ticket, user: User, marks: Marks) -> Timeline:
    """What has happened behind these marks.

    Events are read rather than messages by time: their numbers commit in order, without a gap.
    """
    events = list(
        Event.objects.filter(conversation_id=ticket.conversation_id, seq__gt=marks.seq).order_by(
            "seq"
        )
    )
    ids = [event.payload["message"]["id"] for event in events if event.type in MESSAGE_EVENTS]
    messages = list(messages_of(ticket.conversation).filter(pk__in=ids)) if ids else []
    entries = list(_entries_of(ticket, user).filter(pk__gt=marks.entry).order_by("pk"))
    notes = list(notes_of(ticket).filter(pk__gt=marks.note))
    after = Marks(
        events[-1].seq if events else marks.seq,
        entries[-1].pk if entries else marks.entry,
        max((note.pk for note in notes), default=marks.note),
    )
    return Timeline(_in_order(messages, entries, notes), after)


def read_writing(ticket: Ticket) -> Writing | None:
    """The answer under way, if the bot is writing one."""
    last = Event.objects.filter(conversation_id=ticket.conversation_id).order_by("-seq")
    sentences, status, writes = list[str](), "", False
    for event in last[:60]:
        if event.type in _WRITTEN:
            break
        if event.type == "answer.sentence":
            sentences.append(str(event.payload["text"]))
        elif event.type == "run.status" and not status:
            status = str(event.payload["text"])
        writes = writes or event.type in _WRITING
        if event.type == "run.started":
            break
    return Writing(tuple(reversed(sentences)), status) if writes else None


def _entries_of(ticket: Ticket, user: User) -> Any:
    drafts = [str(pk) for pk in ticket.drafts.values_list("pk", flat=True)]
    return (
        AuditEntry.objects.visible_to(user)
        .filter(
            Q(object_type="ticket", object_id=str(ticket.pk))
            | Q(object_type="draft", object_id__in=drafts)
            | Q(object_type="conversation", object_id=str(ticket.conversation_id))
        )
        .exclude(action__in=_SAID_ELSEWHERE)
        .exclude(action="ticket.linked", data__kind=TicketLink.Kind.SPLIT)  # the split says it
        # The customer's own words became the subject.
        .exclude(action="ticket.edited", data__field="subject", actor=None)
        .select_related("actor")
    )


def _in_order(
    messages: Sequence[Message], entries: Sequence[AuditEntry], notes: Sequence[Note]
) -> list[Item]:
    names = _names_in(entries)
    items = [Item(message.created_at, message=message) for message in messages]
    items += [Item(note.created_at, note=note) for note in notes]
    items += [
        Item(
            entry.created_at,
            who=staff_name(entry.actor) if entry.actor is not None else entry.actor_name,
            words=_words(entry, names),
        )
        for entry in entries
    ]
    return sorted(items, key=lambda item: item.at)


def _names_in(entries: Sequence[AuditEntry]) -> dict[Any, str]:
    """Of everybody whom a ticket was assigned to, in one query."""
    wanted = {
        pk
        for entry in entries
        if entry.action == "ticket.assigned"
        for pk in (entry.data.get("before"), entry.data.get("after"))
        if pk is not None
    }
    if not wanted:
        return {}
    return {user.pk: staff_name(user) for user in User.objects.filter(pk__in=wanted)}


def _words(entry: AuditEntry, names: dict[Any, str]) -> str:
    words, data = WORDS.get(entry.action, entry.action), entry.data
    if entry.action == "ticket.assigned":
        after = data.get("after")
        return f"assigned the ticket to {names.get(after, 'nobody')}"
    if entry.action == "ticket.status_changed":
        status = dict(Ticket.Status.choices).get(data.get("after", ""), data.get("after"))
        words = f"made the ticket “{status}”"
    if entry.action == "ticket.edited":
        before, after = data.get("before") or "nothing", data.get("after") or "nothing"
        return f"changed {data.get('field', '')}: {before} → {after}"
    if entry.action == "macro.applied":
        return f"applied the macro “{data.get('macro', '')}”"
    if (number := data.get("other") or data.get("into")) is not None:
        return f"{words}: #{number}"
    reason = str(data.get("reason", "")).replace("_", " ")
    return f"{words}: {reason}" if reason else words
