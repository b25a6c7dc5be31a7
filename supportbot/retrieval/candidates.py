"""The candidates of a question, by meaning and by words, in one statement with all their scores.

By words: BM25 with nothing but PostgreSQL and pgvector. A passage's own part of the formula is
stored as a sparse vector (knowledge.terms), what a term counts for comes from the stored numbers of
passages that hold it, and the inner product of both is the score. Candidates are the passages that
hold the question's rarest terms, drawn from an inverted index, rarer terms first, until about
LEXICAL_POOL passages are found: common words then decide their order, not their number.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from knowledge.embedding.vectors import Vectors
from knowledge.models import EmbeddingIndex
from knowledge.terms import NUMBERS
from supportbot.retrieval.conversation import Asked
from supportbot.retrieval.scope import Scope, State, audiences, collections_of, execute
from supportbot.retrieval.settings import RetrievalSettings

LEXICAL_POOL = 1000  # passages that hold the rarest terms
FEWEST = 1000  # a collection of less says little about how rare a word is
MOST_POOLED = 4  # times as many where most of them are not the reader's
MOST_SCORED = 6000  # passages that are scored when even the rarest term is common
MOST_ASKED = 2000  # terms of the question itself; pgvector takes 16,000 in one vector
MOST_CARRIED = 20  # terms from earlier turns


@dataclass(frozen=True)
class Candidate:
    """A passage as the database knows it. `dense` is a cosine, `lexical` BM25; `terms` are the
    numbers of all its terms, `asked` of those that the question has too. `vector` is there where
    earlier turns are."""

    id: int
    document_id: int
    external_id: str
    title: str
    version: int
    heading: tuple[str, ...]
    page: int | None
    position: int
    text: str
    context: str
    locale: str
    effective_from: dt.date | None
    updated_at: dt.datetime
    dense: float
    lexical: float
    terms: frozenset[int]
    asked: frozenset[int]
    vector: Vectors | None


@dataclass(frozen=True)
class Found:
    """Candidates in no order; and of each term of the question its inverse document frequency,
    among FEWEST passages at least, and its weight in the question."""

    candidates: Sequence[Candidate]
    idf: dict[int, float]
    weight: dict[int, float]


@dataclass(frozen=True)
class Plan:
    """How candidates are drawn. `with_vectors`: theirs are wanted, too."""

    index: EmbeddingIndex
    scope: Scope
    state: State
    settings: RetrievalSettings
    with_vectors: bool = False


_READABLE = "p.published AND p.effective @> %(as_of)s::date AND p.audience = ANY(%(audiences)s)"
_CHOSEN = " AND p.collection_id = ANY(%(collections)s)"
_NOT_REPLACED = (
    " AND p.version_id NOT IN (SELECT other.id FROM knowledge_documentversion version "
    "JOIN knowledge_documentversion other USING (document_id) WHERE version.id = %(preview)s)"
)
_DISTANCE = "e.vector::halfvec({dimensions}) <=> %(vector)s::halfvec({dimensions})"
_DENSE = """
    (SELECT p.id FROM knowledge_embedding e JOIN knowledge_passage p USING (text_hash)
     WHERE e.index_id = {index} AND {readable}
     ORDER BY {distance} LIMIT {candidates})
"""
_DENSE_EXACT = """
    (SELECT id FROM (
        SELECT p.id, {distance} AS distance
        FROM knowledge_passage p JOIN knowledge_embedding e USING (text_hash)
        WHERE e.index_id = {index} AND {readable} OFFSET 0
     ) e ORDER BY distance LIMIT {candidates})
"""
_LEXICAL = """
    (SELECT id FROM (
        SELECT p.id, p.weights FROM knowledge_passage p
        WHERE p.terms && (SELECT rarest FROM question) AND {readable} LIMIT {most_scored}
     ) p ORDER BY p.weights <#> (SELECT weights FROM question) LIMIT {candidates})
"""
_NEIGHBOURS = """
    (SELECT p.id FROM knowledge_passage best
     JOIN knowledge_passage p ON p.version_id = best.version_id
         AND p.position IN (best.position - 1, best.position + 1)
     WHERE best.id = ANY(%(best)s) AND p.id <> ALL(%(known)s))
"""
_PREVIEW = "    (SELECT id FROM knowledge_passage WHERE version_id = %(preview)s)"
_FIND = """
WITH asked AS MATERIALIZED (
    SELECT a.term, a.weight, a.carried, GREATEST(COALESCE(t.passages, 0), 0) AS passages,
           ln(1 + (GREATEST(r.passages, t.passages, {fewest}) - GREATEST(t.passages, 0) + 0.5)
                / (COALESCE(GREATEST(t.passages, 0), 0) + 0.5)) AS idf
    FROM unnest(%(terms)s::int[], %(weights)s::float4[], %(carried)s::bool[])
             AS a (term, weight, carried)
    LEFT JOIN knowledge_term t ON t.id = a.term
    CROSS JOIN (SELECT COALESCE(max(passages), 0) AS passages FROM knowledge_revision) r
),
weighed AS MATERIALIZED (
    SELECT term, weight, passages, idf, sum(passages) OVER (ORDER BY passages, term) - passages
               AS rarer
    FROM (
        SELECT *, row_number() OVER (PARTITION BY carried ORDER BY weight * idf DESC, term) AS place
        FROM asked
    ) placed
    WHERE place <= CASE WHEN carried THEN {most_carried} ELSE {most_asked} END
),
question AS MATERIALIZED (
    SELECT array_agg(term) FILTER (WHERE passages > 0 AND rarer < {pool}) AS rarest,
           array_agg(term ORDER BY term) AS terms,
           array_agg(idf::float8 ORDER BY term) AS idf,
           array_agg(weight::float8 ORDER BY term) AS term_weights,
           ('{{' || string_agg(term || ':' || (weight * idf)::float4, ',' ORDER BY term)
               || '}}/{numbers}')::sparsevec AS weights
    FROM weighed
)
SELECT p.id, d.id, d.external_id, d.title, v.number, p.heading, p.page, p.position, p.text,
       p.context, d.locale, v.effective_from, v.created_at, 1 - ({distance}),
       COALESCE(-(p.weights <#> question.weights), 0)::float8, p.terms, {candidate_vector},
       question.terms, question.idf, question.term_weights
FROM (
{arms}
) candidate
JOIN knowledge_passage p USING (id)
JOIN knowledge_embedding e ON e.text_hash = p.text_hash AND e.index_id = {index}
JOIN knowledge_documentversion v ON v.id = p.version_id
JOIN knowledge_document d ON d.id = v.document_id
CROSS JOIN question
"""


def find(asked: Asked, vector: Vectors, plan: Plan) -> Found:
    """The candidates of both kinds, each with both scores. One query."""
    return _find(asked, vector, plan, _arms(plan), {})


def find_neighbours(
    asked: Asked, vector: Vectors, plan: Plan, best: Sequence[int], known: Sequence[int]
) -> Found:
    """The passages before and behind the `best` (ids) in their versions, without the `known`. Who
    may read a passage may read its version."""
    return _find(asked, vector, plan, [_NEIGHBOURS], {"best": list(best), "known": list(known)})


def _find(
    asked: Asked, vector: Vectors, plan: Plan, arms: Sequence[str], more: dict[str, Any]
) -> Found:
    scope = plan.scope
    terms = [*asked.terms, *asked.carried]
    parameters: dict[str, Any] = {
        "as_of": scope.as_of,
        "audiences": audiences(scope),
        "collections": collections_of(scope),
        "preview": scope.preview,
        "terms": terms,
        "weights": [*asked.terms.values(), *asked.carried.values()],
        "carried": [False] * len(asked.terms) + [True] * len(asked.carried),
        "vector": "[" + ",".join(f"{value:.6g}" for value in vector.tolist()) + "]",
        **more,
    }
    rows = execute(_statement(plan, arms), parameters)
    if not rows:
        return Found((), {}, {})
    numbers, idf, weights = rows[0][-3:]
    wanted = frozenset(numbers or ())
    return Found(
        [_candidate(row, wanted) for row in rows],
        dict(zip(numbers or (), idf or (), strict=True)),
        dict(zip(numbers or (), weights or (), strict=True)),
    )


def _arms(plan: Plan) -> list[str]:
    scope = plan.scope
    readable = _READABLE
    if scope.collections is not None:
        readable += _CHOSEN
    if scope.preview is not None:
        readable += _NOT_REPLACED
    dense = _DENSE_EXACT if plan.state.is_few else _DENSE
    most = int(plan.settings.candidates)
    arms = []
    if plan.settings.dense:
        index = plan.index
        distance = _DISTANCE.format(dimensions=int(index.dimensions))
        arms.append(
            dense.format(index=int(index.pk), readable=readable, distance=distance, candidates=most)
        )
    if plan.settings.lexical:
        arms.append(_LEXICAL.format(readable=readable, most_scored=MOST_SCORED, candidates=most))
    if scope.preview is not None:
        arms.append(_PREVIEW)
    return arms


def _statement(plan: Plan, arms: Sequence[str]) -> str:
    return _FIND.format(
        arms="\n    UNION\n".join(arms),
        distance=_DISTANCE.format(dimensions=int(plan.index.dimensions)),
        index=int(plan.index.pk),
        most_asked=MOST_ASKED,
        most_carried=MOST_CARRIED,
        fewest=FEWEST,
        pool=_pool(plan.state),
        numbers=NUMBERS,
        candidate_vector="halfvec_send(e.vector)" if plan.with_vectors else "NULL",
    )


def _pool(state: State) -> int:
    """The rarest terms are chosen by how many passages hold them, whoever may read those."""
    if not state.is_few:
        return LEXICAL_POOL
    hidden = state.passages / max(1, state.readable)
    return int(LEXICAL_POOL * min(MOST_POOLED, max(1.0, hidden)))


def _candidate(row: tuple[Any, ...], wanted: frozenset[int]) -> Candidate:
    terms = frozenset(row[15])
    return Candidate(
        id=row[0],
        document_id=row[1],
        external_id=row[2],
        title=row[3],
        version=row[4],
        heading=tuple(row[5]),
        page=row[6],
        position=row[7],
        text=row[8],
        context=row[9],
        locale=row[10],
        effective_from=row[11],
        updated_at=row[12],
        dense=row[13],
        lexical=row[14],
        terms=terms,
        asked=wanted & terms,
        vector=_vector(row[16]) if row[16] is not None else None,
    )


def _vector(sent: bytes) -> Vectors:
    """pgvector's binary form: two 16-bit numbers ahead, then big-endian halves."""
    return np.frombuffer(sent, dtype=">f2", offset=4).astype(np.float32)
