"""Candidate generation: a query → terms and vectors → the candidates the database has for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.embedding.model import EmbeddingModelError
from knowledge.embedding.vectors import Vectors
from knowledge.services.indexes.embedding_indexes import embed_questions
from supportbot.retrieval import candidates
from supportbot.retrieval import scope as scopes
from supportbot.retrieval.candidates import CandidateSet, Plan
from supportbot.retrieval.clock import Clock
from supportbot.retrieval.languages import cached_document_languages
from supportbot.retrieval.query import (
    Query,
    QueryTerms,
    QueryVectors,
    analyse,
    combine_vectors,
)
from supportbot.retrieval.scope import IndexState, Snapshot

MAX_ATTEMPTS = 3  # while others publish


@dataclass(frozen=True)
class RetrievedCandidates:
    """The candidates and the analysed query that found them. `text_vector` is the embedding of the
    text as it was written; `parts` are the questions in it, if it asks several."""

    languages: Sequence[str]
    terms: QueryTerms
    text_vector: Vectors
    parts: Sequence[str]
    vectors: QueryVectors
    plan: Plan
    candidates: CandidateSet


def retrieve_candidates(
    query: Query, state: IndexState, clock: Clock
) -> tuple[RetrievedCandidates, Snapshot]:
    """The candidates, and what was served when they were read. Raises EmbeddingModelError.

    `state` may be out of date. The statement always reads what is served now and says what that
    is; it runs again only if the change calls for another plan, such as a new language or a new
    index. So a search usually takes one round trip.
    """
    for _ in range(MAX_ATTEMPTS):
        try:
            retrieved = _retrieve(query, state, clock)
        except EmbeddingModelError:  # the model may be gone with an index that was active before
            before, state = state, scopes.read_state(query.scope)
            if _has_same_plan(before, state):
                raise
            retrieved = _retrieve(query, state, clock)
        if retrieved.candidates.snapshot == state.snapshot:
            break
        with clock("state"):
            before, state = state, scopes.read_state(query.scope)
        if _has_same_plan(before, state) and retrieved.languages == _languages(state):
            return retrieved, retrieved.candidates.snapshot or before.snapshot
    return retrieved, state.snapshot


def _has_same_plan(one: IndexState, other: IndexState) -> bool:
    return _plan_of(one) == _plan_of(other)


def _plan_of(state: IndexState) -> tuple[object, ...]:
    return (state.index_id, state.indexes, state.is_small)


def _languages(state: IndexState) -> Sequence[str]:
    return cached_document_languages(state.revision)


def _retrieve(query: Query, state: IndexState, clock: Clock) -> RetrievedCandidates:
    with clock("question"):
        languages = _languages(state)
        texts, terms = analyse(query.text, query.history, languages)
    with clock("embedding"):
        index, rows = embed_questions(texts.all, indexes=state.indexes)
        vectors = combine_vectors(texts, rows)
    with clock("candidates"):
        with_vectors = vectors.history is not None
        plan = Plan(index, query.scope, state, query.settings, with_vectors=with_vectors)
        found = candidates.find(terms, vectors.query, plan)
    return RetrievedCandidates(languages, terms, rows[0], texts.parts, vectors, plan, found)
