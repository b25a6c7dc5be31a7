"""Which passages a search may read, and the state of the index it reads them from."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import psycopg
from django.db import connection
from psycopg.rows import namedtuple_row

from knowledge.models import Audience
from supportbot.retrieval import caches

# Exact search compares every readable vector, at 11 µs each. An approximate index that must skip
# unreadable vectors costs about 9 times the square root of their number (both measured at 10,000
# and 100,000 passages).
EXACT_FACTOR = 9.0


@dataclass(frozen=True)
class Scope:
    """What a search may read: passages in effect on the day `as_of`, for the audience `reader`, in
    `collections` (ids; None means all).

    `preview` is the id of a version that is searched as if it were the one in effect.
    """

    as_of: dt.date
    reader: Audience
    collections: Sequence[int] | None = None
    preview: int | None = None


class Snapshot(NamedTuple):
    """What was served at one moment: the revision, and the id of the active embedding index."""

    revision: int
    index_id: int | None


@dataclass(frozen=True)
class IndexState:
    """What a search is planned by. `index_id` is that of the active embedding index, `indexes`
    identifies all complete indexes and their states. `passages` counts the served passages,
    `readable` those of the scope's reader and collections on any day. `readable` stops counting
    where a larger number would change nothing."""

    revision: int
    index_id: int | None
    indexes: str
    passages: int
    readable: int

    @property
    def snapshot(self) -> Snapshot:
        return Snapshot(self.revision, self.index_id)

    @property
    def is_small(self) -> bool:
        """Whether to compare every readable vector instead of using the approximate index."""
        return self.readable < _exact_limit(self.passages)


_STATE = """
SELECT COALESCE(max(number), 0) AS revision,
       COALESCE(max(passages), 0) AS passages,
       (SELECT id FROM knowledge_embeddingindex WHERE state = 'active') AS index_id,
       (SELECT string_agg(concat_ws(' ', id, state, activated_at), ', ' ORDER BY id)
        FROM knowledge_embeddingindex WHERE state IN ('ready', 'active')) AS indexes
FROM knowledge_revision
"""
_COUNT = """
SELECT count(*) AS readable FROM (
    SELECT FROM knowledge_passage
    WHERE published AND audience = ANY('{audiences}'){in_collections}
    LIMIT %(limit)s
) readable
"""
_IN_COLLECTIONS = " AND collection_id = ANY('{collections}')"


def read_state(scope: Scope) -> IndexState:
    """The state now: one small query, and a second one for a scope that was not read since the
    last change."""
    now = execute(_STATE, {})[0]
    cached: IndexState | None = caches.index_states.get(_cache_key(scope))
    if cached is not None and cached.snapshot == (now.revision, now.index_id):
        return replace(cached, indexes=now.indexes or "")
    in_collections = ""
    if scope.collections is not None:
        in_collections = _IN_COLLECTIONS.format(collections=collection_array(scope))
    statement = _COUNT.format(audiences=audience_array(scope), in_collections=in_collections)
    limit = int(_exact_limit(now.passages)) + 1
    readable = int(execute(statement, {"limit": limit})[0].readable)
    state = IndexState(now.revision, now.index_id, now.indexes or "", now.passages, readable)
    caches.index_states.put(_cache_key(scope), state)
    return state


def cached_state(scope: Scope) -> IndexState | None:
    """The state as it was last read, possibly out of date: compare it with the snapshot that the
    search returns. None inside a transaction, which may see another state."""
    return None if connection.in_atomic_block else caches.index_states.get(_cache_key(scope))


def _cache_key(scope: Scope) -> object:
    return (scope.reader, tuple(scope.collections or ()), scope.collections is None)


def _exact_limit(passages: int) -> float:
    return EXACT_FACTOR * math.sqrt(passages)


def audience_array(scope: Scope) -> str:
    """The audiences the reader belongs to, as an SQL array literal."""
    return _array(str(audience.value) for audience in Audience.seen_by(scope.reader))


def collection_array(scope: Scope) -> str:
    """The ids of the scope's collections, as an SQL array literal."""
    return _array(str(int(collection)) for collection in scope.collections or ())


def _array(values: Iterable[str]) -> str:
    return "{" + ",".join(values) + "}"


def execute(statement: str, parameters: dict[str, Any]) -> list[Any]:
    """The rows as named tuples.

    The statement is prepared and the rows are sent in binary form, which takes half the time of
    Django's cursor. PostgreSQL plans it once for all values of the parameters.
    """
    connection.ensure_connection()
    with (
        connection.wrap_database_errors,
        psycopg.Cursor(connection.connection, row_factory=namedtuple_row) as cursor,
    ):
        cursor.execute(statement, parameters, prepare=True, binary=True)
        return cursor.fetchall()
