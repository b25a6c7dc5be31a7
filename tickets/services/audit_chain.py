"""Proving that nobody has changed, removed or slipped in an audit entry.

The database chains entries as transactions commit (migration 0021). What is here reads the chain
with SQL of its own, so that a changed function of the database cannot vouch for itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from tickets.models import AuditEntry, AuditHead, AuditLink

_CONTENT = """convert_to(jsonb_build_array(
    e.id, (extract(epoch FROM e.created_at) * 1000000)::bigint, e.actor_id, e.actor_name,
    e.action, e.object_type, e.object_id, e.conversation_id, encode(l.data_hash, 'hex'))::text,
    'UTF8')"""
_LINKS = f"""
SELECT l.number, l.entry_id, e.id IS NOT NULL,
    l.hash = sha256(coalesce(lag(l.hash) OVER (ORDER BY l.number), '') || {_CONTENT}),
    l.salt IS NOT NULL AND l.data_hash = sha256(l.salt || convert_to(e.data::text, 'UTF8')),
    l.salt IS NULL AND e.data = '{{}}'::jsonb, e.action
FROM tickets_auditlink l LEFT JOIN tickets_auditentry e ON e.id = l.entry_id
ORDER BY l.number
"""  # noqa: S608  nothing of it comes from outside
_CHUNK = 5000


@dataclass(frozen=True)
class Verdict:
    """`problem` is a sentence about the first broken link, or empty. `head` is what to keep
    elsewhere: later it must still be in the chain."""

    entries: int
    erased: int
    head: str
    problem: str = ""


@transaction.atomic
def verify_chain(*, kept_head: str = "") -> Verdict:
    """Read the whole chain as it stands at one moment. `kept_head` is NUMBER:HASH of an earlier
    verdict. Raises ValueError when it is not of that form."""
    kept = _parse_head(kept_head)
    if not connection.savepoint_ids:  # the outermost transaction
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    head = AuditHead.objects.first()
    end = (head.number, bytes(head.hash)) if head is not None else (0, b"")
    state = _State(erasures=_erased_entries())
    problem = next(_problems(state), "") or _problem_of_end(end)
    problem = problem or _unlinked() or _problem_of_kept(kept)
    return Verdict(state.entries, state.erased, f"{end[0]}:{end[1].hex()}", problem)


@dataclass
class _State:
    erasures: frozenset[int]
    entries: int = 0
    erased: int = 0


def _erased_entries() -> frozenset[int]:
    named = AuditEntry.objects.filter(action="customer.erased").values_list("data", flat=True)
    return frozenset(pk for data in named for pk in data.get("entries", []))


def _problems(state: _State) -> Iterator[str]:
    for row in _rows():
        number, entry = row[:2]
        if number != state.entries + 1:
            yield f"Link {state.entries + 1} of the chain was removed."
        if problem := _problem_of(row, entry in state.erasures):
            yield f"Link {number}: {problem}"
        state.entries += 1
        state.erased += entry in state.erasures


def _problem_of(row: tuple[Any, ...], is_named: bool) -> str:
    _, entry, exists, fits, has_values, is_empty, action = row
    if not exists:
        return f"entry {entry} was removed."
    if not fits:
        return f"entry {entry}, or its link, was changed."
    if has_values:
        return ""
    if is_empty and is_named and action != "customer.erased":
        return ""
    return f"the values of entry {entry} were changed, or removed without an erasure."


def _rows() -> Iterator[tuple[Any, ...]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(_LINKS)
        while rows := cursor.fetchmany(_CHUNK):
            yield from rows


def _problem_of_end(end: tuple[int, bytes]) -> str:
    last = AuditLink.objects.order_by("-number").first()
    found = (last.number, bytes(last.hash)) if last is not None else (0, b"")
    if found == end:
        return ""
    return f"The chain ends at link {found[0]}, its head names link {end[0]}: the end was changed."


def _unlinked() -> str:
    linked = AuditLink.objects.values("entry_id")
    entry = AuditEntry.objects.exclude(pk__in=linked).order_by("pk").first()
    return f"Entry {entry.pk} was slipped in: it has no link." if entry is not None else ""


def _parse_head(text: str) -> tuple[int, str] | None:
    number, colon, hash_ = text.partition(":")
    if text and not (colon and number.isdecimal()):
        raise ValueError("Give the head as audit verify printed it: NUMBER:HASH.")
    return (int(number), hash_) if text else None


def _problem_of_kept(kept: tuple[int, str] | None) -> str:
    if kept is None or kept[0] == 0:
        return ""
    number, hash_ = kept
    found = AuditLink.objects.filter(number=number).first()
    if found is not None and bytes(found.hash).hex() == hash_:
        return ""
    return f"Link {number} is not the one that was kept: the chain was written anew."
