"""The candidates of a query, by meaning and by words, from one statement with both scores.

By words means BM25, with nothing but PostgreSQL and pgvector. A passage stores its own part of the
formula as a sparse vector (knowledge.terms), a term's inverse document frequency comes from stored
counts, and the inner product of the two is the score. Only passages that hold one of the query's
rarest terms, or two of the less rare, are scored. An inverted index finds them, so that common
words cost little: they affect the order, not the selection.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from knowledge.embedding.vectors import Vectors
from supportbot.retrieval import candidate_sql
from supportbot.retrieval.candidate_sql import Plan
from supportbot.retrieval.query import QueryTerms
from supportbot.retrieval.scope import Snapshot, execute

__all__ = ["Candidate", "CandidateSet", "Plan", "find", "find_neighbours"]


class Candidate(NamedTuple):  # 80 for each query; a data class takes ten times as long to make
    """A passage as the database knows it. `dense` is a cosine, `lexical` a BM25 score. `terms` are
    the numbers of all its terms, `matched_terms` of those that the query has too. `vector` is only
    read if the plan asks for vectors. `unit_vectors` are stored bytes (knowledge.unit_vectors), or
    None where none are stored."""

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
    matched_terms: frozenset[int]
    vector: Vectors | None
    unit_vectors: bytes | None = None
    source_url: str = ""


@dataclass(frozen=True)
class CandidateSet:
    """Candidates in no order. `idf` has the inverse document frequency of each term of the query,
    `weights` its weight in the query. `snapshot` is what was served when the candidates were read;
    None if there are none."""

    candidates: Sequence[Candidate]
    idf: dict[int, float]
    weights: dict[int, float]
    snapshot: Snapshot | None = None


def find(terms: QueryTerms, vector: Vectors, plan: Plan) -> CandidateSet:
    """The candidates by meaning and by words, each with both scores. One statement."""
    return _find(terms, vector, plan, candidate_sql.generators(plan), {})


def find_neighbours(
    terms: QueryTerms, vector: Vectors, plan: Plan, best: Sequence[int], known: Sequence[int]
) -> CandidateSet:
    """The passages directly before and after the `best` (ids) in their versions, without the
    `known` (ids). Whoever may read a passage may read its whole version."""
    more = {"best": list(best), "known": list(known)}
    return _find(terms, vector, plan, [candidate_sql.NEIGHBOURS], more)


def _find(
    terms: QueryTerms,
    vector: Vectors,
    plan: Plan,
    generators: Sequence[str],
    more: dict[str, Any],
) -> CandidateSet:
    parameters: dict[str, Any] = {
        "terms": [*terms.question, *terms.history],
        "weights": [*terms.question.values(), *terms.history.values()],
        "from_history": [False] * len(terms.question) + [True] * len(terms.history),
        "vector": _vector_literal(vector),
        **more,
    }
    rows = execute(candidate_sql.statement(plan, generators), parameters)
    if not rows:
        return CandidateSet((), {}, {})
    first = rows[0]
    numbers = first.query_terms or ()
    query_terms = frozenset(numbers)
    return CandidateSet(
        [_candidate(row, query_terms) for row in rows if row.dense is not None],
        dict(zip(numbers, first.query_idf or (), strict=True)),
        dict(zip(numbers, first.query_weights or (), strict=True)),
        Snapshot(first.revision, first.active_index),
    )


def _candidate(row: Any, query_terms: frozenset[int]) -> Candidate:
    terms = frozenset(row.terms)
    return Candidate(
        id=row.id,
        document_id=row.document_id,
        external_id=row.external_id,
        title=row.title,
        version=row.version,
        heading=tuple(row.heading),
        page=row.page,
        position=row.position,
        text=row.text,
        context=row.context,
        locale=row.locale,
        effective_from=row.effective_from,
        updated_at=row.updated_at,
        dense=row.dense,
        lexical=row.lexical,
        terms=terms,
        matched_terms=query_terms & terms,
        vector=_vector(row.vector) if row.vector is not None else None,
        unit_vectors=bytes(row.unit_vectors) if row.unit_vectors is not None else None,
        source_url=row.source_url,
    )


def _vector_literal(vector: Vectors) -> str:
    """pgvector's text form, with the digits that half precision keeps."""
    return "[" + ",".join(["%.5g"] * len(vector)) % tuple(vector.tolist()) + "]"


def _vector(sent: bytes) -> Vectors:
    """pgvector's binary form of a halfvec: two 16-bit numbers, then big-endian halves."""
    return np.frombuffer(sent, dtype=">f2", offset=4).astype(np.float32)
