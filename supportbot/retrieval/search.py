"""One question → the passages that may answer it, best first, in one query to PostgreSQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from knowledge.embedding.vectors import Vectors
from knowledge.models import Audience
from knowledge.services.embedding_indexes import embed_question
from supportbot.retrieval.fusion import fuse

CANDIDATES = 40  # taken from each arm before fusion


@dataclass(frozen=True)
class RankedPassage:
    """A passage as retrieval found it. Scores: `dense` is a cosine, `lexical` ts_rank, `score` the
    fused one between 0 and 1 within this ranking."""

    id: int
    document_id: int
    external_id: str
    title: str
    version: int
    heading: tuple[str, ...]
    page: int | None
    text: str
    context: str
    effective_from: dt.date | None
    updated_at: dt.datetime
    dense: float
    lexical: float
    score: float


@dataclass(frozen=True)
class Ranking:
    """What one search found. `vector` is the question's embedding by `model`, of use to what comes
    after: vectors of two models do not compare, and the active one may have changed since."""

    passages: tuple[RankedPassage, ...]
    vector: Vectors
    model: str


# Both arms draw candidates through their own index; then every candidate gets both scores.
_SEARCH = """
WITH live AS NOT MATERIALIZED (
    SELECT id, text_hash, search FROM knowledge_passage
    WHERE ({readable})
      AND (%(collections)s::bigint[] IS NULL OR collection_id = ANY(%(collections)s))
),
words AS (
    SELECT replace(plainto_tsquery('english', %(text)s)::text, '&', '|')::tsquery AS query
),
dense AS (
    SELECT live.id
    FROM knowledge_embedding e JOIN live USING (text_hash)
    WHERE e.index_id = {index_id}
    ORDER BY e.vector::halfvec({dimensions}) <=> %(vector)s::halfvec({dimensions})
    LIMIT %(candidates)s
),
lexical AS (
    SELECT live.id FROM live, words
    WHERE live.search @@ words.query
    ORDER BY ts_rank(live.search, words.query, 1) DESC, live.id
    LIMIT %(candidates)s
)
SELECT p.id, d.id, d.external_id, d.title, v.number, p.heading, p.page, p.text, p.context,
       v.effective_from, v.created_at,
       1 - (e.vector::halfvec({dimensions}) <=> %(vector)s::halfvec({dimensions})),
       ts_rank(p.search, words.query, 1)
FROM (SELECT id FROM dense UNION SELECT id FROM lexical) candidate
JOIN knowledge_passage p USING (id)
JOIN knowledge_embedding e ON e.text_hash = p.text_hash AND e.index_id = {index_id}
JOIN knowledge_documentversion v ON v.id = p.version_id
JOIN knowledge_document d ON d.id = v.document_id
CROSS JOIN words
"""

_READABLE = "published AND effective @> %(as_of)s::date AND audience = ANY(%(audiences)s)"
# As if the version were published: it stands in the place of its document's others.
_READABLE_WITH_PREVIEW = (
    "version_id = %(preview)s OR (" + _READABLE + " AND version_id NOT IN ("  # noqa: S608
    "SELECT other.id FROM knowledge_documentversion version "
    "JOIN knowledge_documentversion other USING (document_id) WHERE version.id = %(preview)s))"
)


@dataclass(frozen=True)
class Scope:
    """What may be read: on a day, by a reader, in collections (ids; None means all).

    `preview` is the id of a version that is searched as if it were the one in effect.
    """

    as_of: dt.date
    reader: Audience
    collections: Sequence[int] | None = None
    preview: int | None = None


def search(text: str, *, scope: Scope, limit: int = 10) -> Ranking:
    """The passages in `scope` that best fit `text`, best first.

    An empty or wordless text still ranks by meaning.
    """
    index, vector = embed_question(text)
    statement = _SEARCH.format(
        index_id=int(index.pk),
        dimensions=int(index.dimensions),
        readable=_READABLE if scope.preview is None else _READABLE_WITH_PREVIEW,
    )
    parameters: dict[str, Any] = {
        "as_of": scope.as_of,
        "audiences": [str(audience) for audience in Audience.seen_by(scope.reader)],
        "collections": list(scope.collections) if scope.collections is not None else None,
        "preview": scope.preview,
        "text": text.replace("\x00", ""),
        "vector": "[" + ",".join(f"{value:.6g}" for value in vector.tolist()) + "]",
        "candidates": CANDIDATES,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows = cursor.fetchall()
    return Ranking(passages=tuple(_rank(rows)[:limit]), vector=vector, model=index.model)


def _rank(rows: Sequence[tuple[Any, ...]]) -> list[RankedPassage]:
    scores = fuse([float(row[11]) for row in rows], [float(row[12]) for row in rows])
    passages = [
        RankedPassage(
            id=row[0],
            document_id=row[1],
            external_id=row[2],
            title=row[3],
            version=row[4],
            heading=tuple(row[5]),
            page=row[6],
            text=row[7],
            context=row[8],
            effective_from=row[9],
            updated_at=row[10],
            dense=float(row[11]),
            lexical=float(row[12]),
            score=score,
        )
        for row, score in zip(rows, scores, strict=True)
    ]
    return sorted(passages, key=lambda passage: (-passage.score, passage.id))
