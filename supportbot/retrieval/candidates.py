"""The candidates of a question, by meaning and by words, in one statement with all their scores.

By words: BM25 with nothing but PostgreSQL and pgvector. A passage's own part of the formula is
stored as a sparse vector (knowledge.terms), what a term counts for comes from the stored numbers of
passages that hold it, and the inner product of both is the score. Scored are the passages that hold
one of the question's rarest terms, or two of those that are less rare. An inverted index finds
both, so that it costs little to have common words in a question: they decide the order.

What a plan depends on (day, audiences, collections) is written into the statement, what changes
from question to question is a parameter. PostgreSQL then plans each statement once for a
connection, which otherwise takes it an eighth of the time of a search; and it knows that most
passages are in effect, without which it does not trust the index over vectors to find enough.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from knowledge.embedding.vectors import Vectors
from knowledge.models import EmbeddingIndex
from knowledge.terms import NUMBERS
from supportbot.retrieval.conversation import Asked
from supportbot.retrieval.scope import Scope, Served, State, audiences, collections_of, execute
from supportbot.retrieval.settings import RetrievalSettings

# Passages that are found by a term. Measured at 100,000 passages with real questions: of the best
# 40 by BM25, 90% are scored, in half the time of scoring those that hold the rarest terms alone.
RARE = 500  # by one of the rarest terms
RARE_ALONE = 1500  # by the rarest of all
PAIRED = 10_000  # by the terms of which a passage has to hold two
PAIRED_BITS = 3  # the places of these terms are so long, in binary: at most 8 of them
FEWEST = 1000  # a collection of less says little about how rare a word is
MOST_HIDDEN = 4  # times as many passages are scored where most of them are not the reader's
MOST_SCORED = 6000  # when the only term is a common one
MOST_ASKED = 2000  # terms of the question itself; pgvector takes 16,000 in one vector
MOST_CARRIED = 20  # terms from earlier turns


class Candidate(NamedTuple):  # made 80 times for a question: a tenth of a data class's time
    """A passage as the database knows it. `dense` is a cosine, `lexical` BM25; `terms` are the
    numbers of all its terms, `asked` of those that the question has too. `vector` is there where
    earlier turns are; `units` are the vectors of its units as they are stored, if they are."""

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
    units: bytes | None = None


@dataclass(frozen=True)
class Found:
    """Candidates in no order; and of each term of the question its inverse document frequency,
    among FEWEST passages at least, and its weight in the question. `served` is what was served
    when they were found, if any was."""

    candidates: Sequence[Candidate]
    idf: dict[int, float]
    weight: dict[int, float]
    served: Served | None = None


@dataclass(frozen=True)
class Plan:
    """How candidates are drawn. `with_vectors`: theirs are wanted, too."""

    index: EmbeddingIndex
    scope: Scope
    state: State
    settings: RetrievalSettings
    with_vectors: bool = False


_READABLE = "p.published AND p.effective @> date '{as_of}' AND p.audience = ANY('{audiences}')"
_CHOSEN = " AND p.collection_id = ANY('{collections}')"
_NOT_REPLACED = (
    " AND p.version_id NOT IN (SELECT other.id FROM knowledge_documentversion version "
    "JOIN knowledge_documentversion other USING (document_id) WHERE version.id = {preview})"
)
_DISTANCE = "e.vector::halfvec({dimensions}) <=> %(vector)s::halfvec({dimensions})"
_DENSE = """
    (SELECT p.id, {distance} AS distance, NULL::float8 AS bm25
     FROM knowledge_embedding e JOIN knowledge_passage p USING (text_hash)
     WHERE e.index_id = {index} AND {readable}
     ORDER BY {distance} LIMIT {candidates})
"""
_DENSE_EXACT = """
    (SELECT id, distance, NULL::float8 AS bm25 FROM (
        SELECT p.id, {distance} AS distance
        FROM knowledge_passage p JOIN knowledge_embedding e USING (text_hash)
        WHERE e.index_id = {index} AND {readable} OFFSET 0
     ) e ORDER BY distance LIMIT {candidates})
"""
_LEXICAL = """
    (SELECT id, NULL::float8 AS distance, -(p.weights <#> (SELECT weights FROM question)) AS bm25
     FROM (
        SELECT p.id, p.weights FROM knowledge_passage p
        WHERE (p.terms && (SELECT rarest FROM question){paired}) AND {readable} LIMIT {most_scored}
     ) p ORDER BY bm25 DESC LIMIT {candidates})
"""
# The places of two terms differ in a bit, at least: one term of either side of it is a pair.
_PAIRED = (
    " OR (p.terms && (SELECT without_{bit} FROM question)"
    " AND p.terms && (SELECT with_{bit} FROM question))"
)
_SIDES = """
           array_agg(term) FILTER (WHERE is_paired AND place & {bit} = 0) AS without_{bit},
           array_agg(term) FILTER (WHERE is_paired AND place & {bit} > 0) AS with_{bit},"""
_NEIGHBOURS = """
    (SELECT p.id, NULL::float8 AS distance, NULL::float8 AS bm25 FROM knowledge_passage best
     JOIN knowledge_passage p ON p.version_id = best.version_id
         AND p.position IN (best.position - 1, best.position + 1)
     WHERE best.id = ANY(%(best)s) AND p.id <> ALL(%(known)s))
"""
_BITS = [2**bit for bit in range(PAIRED_BITS)]
_PREVIEW = """
    (SELECT id, NULL::float8 AS distance, NULL::float8 AS bm25 FROM knowledge_passage
     WHERE version_id = {preview})
"""
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
weighed AS (
    SELECT term, weight, passages, idf, count(*) FILTER (WHERE passages > 0) OVER () AS known,
           sum(passages) OVER (ORDER BY passages, term) - passages AS rarer
    FROM (
        SELECT *, row_number() OVER (PARTITION BY carried ORDER BY weight * idf DESC, term) AS place
        FROM asked
    ) placed
    WHERE place <= CASE WHEN carried THEN {most_carried} ELSE {most_asked} END
),
told_apart AS (
    SELECT *, passages > 0 AND (rarer + passages <= {rare} OR rarer = 0 AND
                                (passages <= {rare_alone} OR known = 1)) AS is_rare
    FROM weighed
),
placed AS (
    SELECT *, (row_number() OVER (PARTITION BY is_rare, passages > 0 ORDER BY passages, term))::int
               - 1 AS place
    FROM told_apart
),
chosen AS (
    SELECT *, passages > 0 AND NOT is_rare AND place < {most_paired}
              AND (place < 2 OR rarer + passages <= {paired}) AS is_paired
    FROM placed
),
question AS MATERIALIZED (
    SELECT array_agg(term) FILTER (WHERE is_rare) AS rarest,{sides}
           array_agg(term ORDER BY term) AS terms,
           array_agg(idf::float8 ORDER BY term) AS idf,
           array_agg(weight::float8 ORDER BY term) AS term_weights,
           ('{{' || string_agg(term || ':' || (weight * idf)::float4, ',' ORDER BY term)
               || '}}/{numbers}')::sparsevec AS weights
    FROM chosen
)
SELECT p.id, d.id, d.external_id, d.title, v.number, p.heading, p.page, p.position, p.text,
       p.context, d.locale, v.effective_from, v.created_at,
       1 - COALESCE(candidate.distance, (SELECT {distance} FROM {embedding})),
       COALESCE(candidate.bm25, -(p.weights <#> question.weights), 0), p.terms,
       {candidate_vector}, (SELECT e.units FROM {embedding}),
       {first} question.terms END, {first} question.idf END, {first} question.term_weights END,
       {first} (SELECT COALESCE(max(number), 0) FROM knowledge_revision) END,
       {first} (SELECT id FROM knowledge_embeddingindex WHERE state = 'active') END
FROM (
    SELECT id, min(distance) AS distance, max(bm25) AS bm25 FROM ({arms}) found GROUP BY id
) candidate
JOIN knowledge_passage p USING (id)
JOIN knowledge_documentversion v ON v.id = p.version_id
JOIN knowledge_document d ON d.id = v.document_id
CROSS JOIN question
"""


_EMBEDDING = "knowledge_embedding e WHERE e.index_id = {index} AND e.text_hash = p.text_hash"
_VECTOR = "(SELECT halfvec_send(e.vector) FROM {embedding})"
_FIRST = "CASE WHEN row_number() OVER () = 1 THEN"  # the same for all: sent once


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
    terms = [*asked.terms, *asked.carried]
    parameters: dict[str, Any] = {
        "terms": terms,
        "weights": [*asked.terms.values(), *asked.carried.values()],
        "carried": [False] * len(asked.terms) + [True] * len(asked.carried),
        "vector": _halves(vector),
        **more,
    }
    rows = execute(_statement(plan, arms), parameters)
    if not rows:
        return Found((), {}, {})
    numbers, idf, weights, revision, active = rows[0][-5:]
    wanted = frozenset(numbers or ())
    return Found(
        [_candidate(row, wanted) for row in rows if row[13] is not None],
        dict(zip(numbers or (), idf or (), strict=True)),
        dict(zip(numbers or (), weights or (), strict=True)),
        (revision, active),
    )


def _arms(plan: Plan) -> list[str]:
    scope = plan.scope
    readable = _READABLE.format(as_of=scope.as_of.isoformat(), audiences=audiences(scope))
    if scope.collections is not None:
        readable += _CHOSEN.format(collections=collections_of(scope))
    if scope.preview is not None:
        readable += _NOT_REPLACED.format(preview=int(scope.preview))
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
        paired = "".join(_PAIRED.format(bit=bit) for bit in _BITS)
        arms.append(
            _LEXICAL.format(
                readable=readable, paired=paired, most_scored=MOST_SCORED, candidates=most
            )
        )
    if scope.preview is not None:
        arms.append(_PREVIEW.format(preview=int(scope.preview)))
    return arms


def _statement(plan: Plan, arms: Sequence[str]) -> str:
    hidden = _hidden(plan.state)
    embedding = _EMBEDDING.format(index=int(plan.index.pk))
    return _FIND.format(
        arms="\n    UNION ALL\n".join(arms),
        embedding=embedding,
        distance=_DISTANCE.format(dimensions=int(plan.index.dimensions)),
        first=_FIRST,
        most_asked=MOST_ASKED,
        most_carried=MOST_CARRIED,
        most_paired=2**PAIRED_BITS,
        fewest=FEWEST,
        rare=RARE * hidden,
        rare_alone=RARE_ALONE * hidden,
        paired=PAIRED * hidden,
        sides="".join(_SIDES.format(bit=bit) for bit in _BITS),
        numbers=NUMBERS,
        candidate_vector=_VECTOR.format(embedding=embedding) if plan.with_vectors else "NULL",
    )


def _hidden(state: State) -> int:
    """How many times as many passages to score: terms are told apart by how many passages hold
    them, whoever may read those."""
    if not state.is_few:
        return 1
    return round(min(MOST_HIDDEN, max(1.0, state.passages / max(1, state.readable))))


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
        units=bytes(row[17]) if row[17] is not None else None,
    )


def _halves(vector: Vectors) -> str:
    """As pgvector reads it, as precise as it keeps it."""
    return "[" + ",".join(["%.5g"] * len(vector)) % tuple(vector.tolist()) + "]"


def _vector(sent: bytes) -> Vectors:
    """pgvector's binary form: two 16-bit numbers ahead, then big-endian halves."""
    return np.frombuffer(sent, dtype=">f2", offset=4).astype(np.float32)
