"""What may be read, and how much of what is served that is."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from django.db import connection

from knowledge.models import Audience

MOST_SCOPES = 1000  # whose counts are kept
# Comparing every vector that may be read costs 11 µs each; an approximate index that has to skip
# the others about 9 times the root of their number (both measured at 10,000 and 100,000 passages).
EXACT_FACTOR = 9.0


@dataclass(frozen=True)
class Scope:
    """What may be read: on a day, by a reader, in collections (ids; None means all).

    `preview` is the id of a version that is searched as if it were the one in effect.
    """

    as_of: dt.date
    reader: Audience
    collections: Sequence[int] | None = None
    preview: int | None = None


Served = tuple[int, int | None]  # the revision of what is served, and the active index


@dataclass(frozen=True)
class State:
    """What is served at this moment: `index` is the active one, `indexes` identifies the complete
    ones and their states, `passages` counts all, `readable` those of the scope's reader and
    collections, on whatever day, up to where it does not matter."""

    revision: int
    index: int | None
    indexes: str
    passages: int
    readable: int

    @property
    def served(self) -> Served:
        return self.revision, self.index

    @property
    def is_few(self) -> bool:
        """Whether to compare every vector that may be read."""
        return self.readable < _few(self.passages)


_STATE = """
SELECT COALESCE(max(number), 0), COALESCE(max(passages), 0),
       (SELECT id FROM knowledge_embeddingindex WHERE state = 'active'),
       (SELECT string_agg(concat_ws(' ', id, state, activated_at), ', ' ORDER BY id)
        FROM knowledge_embeddingindex WHERE state IN ('ready', 'active'))
FROM knowledge_revision
"""
_COUNT = """
SELECT count(*) FROM (
    SELECT FROM knowledge_passage
    WHERE published AND audience = ANY('{audiences}'){chosen}
    LIMIT %(most)s
) readable
"""
_CHOSEN = " AND collection_id = ANY('{collections}')"


def read_state(scope: Scope) -> State:
    """One small query, and one more for a scope that was not asked for since the last change."""
    revision, passages, index, indexes = execute(_STATE, {})[0]
    known = _known.get(_key_of(scope))
    if known is not None and (known.revision, known.index) == (revision, index):
        return replace(known, indexes=indexes or "")
    all_of_them = scope.collections is None
    chosen = "" if all_of_them else _CHOSEN.format(collections=collections_of(scope))
    statement = _COUNT.format(audiences=audiences(scope), chosen=chosen)
    readable = int(execute(statement, {"most": int(_few(passages)) + 1})[0][0])
    state = State(revision, index, indexes or "", passages, readable)
    if not connection.in_atomic_block:  # others do not see yet what was found here
        if len(_known) > MOST_SCOPES:
            _known.clear()
        _known[_key_of(scope)] = state
    return state


def known_state(scope: Scope) -> State | None:
    """What was served when it was last read, to be compared with what a search finds. None within
    a transaction, which may see something else."""
    return None if connection.in_atomic_block else _known.get(_key_of(scope))


_known: dict[object, State] = {}


def _key_of(scope: Scope) -> object:
    return (scope.reader, tuple(scope.collections or ()), scope.collections is None)


def forget() -> None:
    """Read and count anew."""
    _known.clear()


def _few(passages: int) -> float:
    return EXACT_FACTOR * math.sqrt(passages)


def audiences(scope: Scope) -> str:
    """The audiences whose passages the reader may read, as an array in a statement."""
    return _array(str(audience.value) for audience in Audience.seen_by(scope.reader))


def collections_of(scope: Scope) -> str:
    """The ids of its collections, as an array in a statement."""
    return _array(str(int(collection)) for collection in scope.collections or ())


def _array(values: Iterable[str]) -> str:
    return "{" + ",".join(values) + "}"


def execute(statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Prepared, and in binary form: half the time of Django's cursor for these rows. Its plan is
    made once for whatever the parameters are."""
    connection.ensure_connection()
    with (
        connection.wrap_database_errors,
        psycopg.Cursor(connection.connection) as cursor,
    ):
        cursor.execute(statement, parameters, prepare=True, binary=True)
        return cursor.fetchall()
