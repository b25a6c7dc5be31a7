"""A question → the passages that may answer it, best first, and the probability that they do.

spelling → candidate generation → features → ranking → reranker → diversity → reader
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from knowledge.embedding.questions import encode_questions
from knowledge.embedding.vectors import Vectors
from supportbot.reader.reading import Reading
from supportbot.retrieval import caches, candidates
from supportbot.retrieval import scope as scopes
from supportbot.retrieval.bare_questions import complete_bare_question
from supportbot.retrieval.candidate_generation import RetrievedCandidates, retrieve_candidates
from supportbot.retrieval.candidate_reading import (
    CandidateReadings,
    PartReading,
    on_topic,
    read_candidates,
)
from supportbot.retrieval.candidates import Candidate
from supportbot.retrieval.clock import Clock
from supportbot.retrieval.diversity import diversified
from supportbot.retrieval.earlier_turns import (
    follows_up,
    names_nothing,
    referred_text,
    refers_back,
    standing_alone,
)
from supportbot.retrieval.features import (
    FEATURES,
    SIGNALS,
    CandidateFeatures,
    Floats,
    normalised,
    score_features,
    signals,
)
from supportbot.retrieval.languages import cached_document_languages
from supportbot.retrieval.query import Query, Turn, storable
from supportbot.retrieval.ranking_model import ranking_model
from supportbot.retrieval.rerank import is_configured, rerank
from supportbot.retrieval.scope import Scope, Snapshot
from supportbot.retrieval.settings import DEFAULT, RetrievalSettings
from supportbot.retrieval.spelling import correct_spelling
from supportbot.retrieval.strange_words import strange_share, without_strange_words
from supportbot.retrieval.table_parts import with_named_rows, with_table_parts

__all__ = ["RankedPassage", "Ranking", "Scope", "Trace", "search"]

MAX_READ, MAX_CACHED_PASSAGES = 16, 20  # the best ones; a longer ranking is not cached
UNIT_FEATURES = np.array([name in {"unit", "heading"} for name in FEATURES])


@dataclass(frozen=True)
class RankedPassage:
    """A passage of a ranking. `dense` is a cosine, `lexical` a BM25 score. `score` decides the
    order and is between 0 and 1 within one ranking; `features` are the values it is made of."""

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
    position: int
    dense: float
    lexical: float
    score: float
    features: Mapping[str, float] = field(default_factory=dict)
    source_url: str = ""  # where the document was fetched from


@dataclass(frozen=True)
class Trace:
    """How a ranking was made. `considered` has the ids of all candidates, best first; `signals` the
    known signals of answerability; `milliseconds` the time of each step. `reranked` says whether a
    reranker finished in time, `from_cache` whether the ranking was cached. `length` is the
    question's, from 0 to 1."""

    considered: tuple[int, ...] = ()
    signals: Mapping[str, float] = field(default_factory=dict)
    milliseconds: Mapping[str, float] = field(default_factory=dict)
    revision: int = 0
    reranked: bool = False
    length: float = 0.0
    from_cache: bool = False


@dataclass(frozen=True)
class Ranking:
    """The result of one search. `vector` is the question's embedding by `model`; the active model
    may have changed since, and vectors of two models do not compare. `reading` covers the first
    passages. `searched_text` is the question with its spelling corrected, `referred_text` the
    earlier questions that it follows up. `parts` are the readings of each question in it, if it
    asks several. `answerability` is the calibrated probability that
    the passages answer the question."""

    passages: tuple[RankedPassage, ...]
    vector: Vectors
    model: str
    answerability: float = 0.0
    trace: Trace = Trace()
    reading: Reading = field(default_factory=Reading)
    searched_text: str = ""
    referred_text: str = ""
    parts: tuple[PartReading, ...] = ()


def search(
    text: str,
    *,
    scope: Scope,
    history: Sequence[Turn] = (),
    limit: int = 10,
    settings: RetrievalSettings = DEFAULT,
) -> Ranking:
    """The passages in `scope` that best fit `text`, given the earlier turns in `history`.

    An empty or wordless text is still ranked by meaning. Raises EmbeddingModelError.
    """
    query = Query(storable(text), (), scope, settings)
    if not (history and settings.history):
        return _search_once(query, limit)
    # What says that it goes on from before need not be asked alone.
    goes_on = refers_back(query.text) or names_nothing(query.text)
    alone = None if goes_on else _search_once(query, limit)
    if alone is not None and not follows_up(
        query.text, alone.answerability, _likeness(alone, history)
    ):
        return alone
    ranking = _search_once(replace(query, history=tuple(history)), limit)
    if whole := standing_alone(query.text, history):
        alone = _search_once(replace(query, text=storable(whole)), limit)
    # On a tie the question that needs no other is easier to answer.
    return ranking if alone is None else max(alone, ranking, key=_answerable)


def _likeness(alone: Ranking, history: Sequence[Turn]) -> float:
    """The cosine of a question to the customer's last one."""
    before = next((turn.text for turn in reversed(history) if turn.author == "customer"), "")
    return float(alone.vector @ encode_questions(alone.model, [storable(before)])[0])


def _answerable(ranking: Ranking) -> float:
    return ranking.answerability


def _search_once(query: Query, limit: int) -> Ranking:
    key = (query.text, tuple(query.history), _scope_key(query.scope), limit, query.settings)
    with caches.searches(key):
        return _search(key, query, limit)


def _search(key: tuple[object, ...], query: Query, limit: int) -> Ranking:
    clock, scope, settings = Clock(), query.scope, query.settings
    cached: _CachedRanking | None = caches.rankings.get(key)
    state = scopes.cached_state(scope) if cached is None else None
    if state is None:
        with clock("state"):
            state = scopes.read_state(scope)
    if cached is not None and cached.snapshot == state.snapshot:
        return replace(cached.ranking, trace=replace(cached.ranking.trace, from_cache=True))
    if settings.spelling:
        with clock("spelling"):
            languages = cached_document_languages(state.revision)
            text = complete_bare_question(correct_spelling(query.text, languages))
            query = replace(query, text=text)
    retrieved, snapshot = retrieve_candidates(query, state, clock)
    ranking = _rank(query, retrieved, snapshot, limit, clock)
    if _may_cache(query, retrieved, snapshot, ranking) and limit <= MAX_CACHED_PASSAGES:
        caches.rankings.put(key, _CachedRanking(ranking, snapshot))
    return ranking


def _rank(
    query: Query, retrieved: RetrievedCandidates, snapshot: Snapshot, limit: int, clock: Clock
) -> Ranking:
    settings, found = query.settings, retrieved.candidates.candidates
    with clock("order"):
        ordered = _order(retrieved, settings)
    with clock("rerank"):
        order, reranked = rerank(query.text, ordered.order, found, enabled=settings.rerank)
    with clock("diversity"):
        if settings.diversify:
            order = with_table_parts(diversified(order, found, limit), found, limit)
            order = with_named_rows(order, found, limit, query.text, "en")
    passages = [_ranked(found[row], ordered, row) for row in order[:limit]]
    best_first = [found[row] for row in order[: min(limit, MAX_READ)]]
    readings = CandidateReadings(Reading())
    referred = referred_text(query.text, query.history)
    if settings.reader:
        with clock("reader"):
            readings = read_candidates(query.text, referred, retrieved, best_first)
    reading, share = readings.whole, 0.0
    answerability, known_signals = _answerability(ordered, reading)
    if settings.reader:
        with clock("strange words"):
            share = strange_share(query.text, reading, best_first)
        answerability = without_strange_words(answerability, share)
    if retrieved.vectors.history is not None:
        reading = on_topic(reading, best_first, retrieved.vectors.history)
    with clock("neighbours"):
        passages += _neighbours(retrieved, passages, settings.neighbours)
    return Ranking(
        passages=tuple(passages),
        vector=retrieved.text_vector,
        model=retrieved.plan.index.model,
        answerability=answerability,
        reading=reading,
        searched_text=query.text,
        referred_text=referred,
        parts=readings.parts,
        trace=Trace(
            considered=tuple(found[row].id for row in order),
            signals={**known_signals, "strange_words": round(share, 4)},
            milliseconds=clock.milliseconds,
            revision=snapshot.revision,
            reranked=reranked,
            length=ordered.scored.length if ordered.scored is not None else 0.0,
        ),
    )


def _may_cache(
    query: Query, retrieved: RetrievedCandidates, snapshot: Snapshot, ranking: Ranking
) -> bool:
    """A preview may change without a new revision. A ranking by another index than the active one,
    or without the reranker that is configured, is a makeshift: the next search tries again."""
    is_complete = ranking.trace.reranked or not (query.settings.rerank and is_configured())
    by_active_index = retrieved.plan.index.pk == snapshot.index_id
    return query.scope.preview is None and by_active_index and is_complete


@dataclass(frozen=True)
class _Ordered:
    """`order` has rows of candidates, best first; `scores` and `features` have one entry for each
    candidate. `scored` is None if there are no candidates."""

    order: list[int]
    scores: Floats
    features: Floats
    scored: CandidateFeatures | None


def _order(retrieved: RetrievedCandidates, settings: RetrievalSettings) -> _Ordered:
    found = retrieved.candidates
    if not found.candidates:
        return _Ordered([], np.zeros(0), np.zeros((0, len(FEATURES))), None)
    scored = score_features(
        found, retrieved.terms, retrieved.vectors, dense_weight=settings.dense_weight
    )
    scores = _scores(scored, settings)
    ids = [candidate.id for candidate in found.candidates]
    order = sorted(range(len(ids)), key=lambda row: (-scores[row], ids[row]))
    return _Ordered(order, scores, scored.features, scored)


def _answerability(ordered: _Ordered, reading: Reading) -> tuple[float, Mapping[str, float]]:
    """The probability that there is an answer, and the known signals it is predicted from."""
    if ordered.scored is None:
        return 0.0, {}
    best = max(reading.units, key=lambda unit: unit.score, default=None)
    values = signals(ordered.scored, ordered.order[0], best)
    known = {
        name: round(float(value), 4)
        for name, value in zip(SIGNALS, values, strict=True)
        if not np.isnan(value)
    }
    return ranking_model().answerability.probability(values), known


def _scores(scored: CandidateFeatures, settings: RetrievalSettings) -> Floats:
    if not settings.lexical:
        return normalised(scored.dense)
    if not settings.dense:
        return scored.features[:, FEATURES.index("lexical")]
    if not settings.learned:
        return scored.fused
    features = scored.features
    if not settings.reader:
        features = np.where(UNIT_FEATURES, features[:, [FEATURES.index("dense")]], features)
    return ranking_model().scores(features, scored.length)


def _neighbours(
    retrieved: RetrievedCandidates, passages: Sequence[RankedPassage], best: int
) -> list[RankedPassage]:
    """The passages around the `best` first, in reading order. They are not ranked: their score is
    0."""
    ids = [passage.id for passage in passages]
    if not ids[:best]:
        return []
    found = candidates.find_neighbours(
        retrieved.terms, retrieved.vectors.query, retrieved.plan, ids[:best], ids
    )
    in_order = sorted(
        found.candidates, key=lambda one: (one.document_id, one.version, one.position)
    )
    return [_passage(candidate, 0.0, {}) for candidate in in_order]


def _ranked(candidate: Candidate, ordered: _Ordered, row: int) -> RankedPassage:
    features = dict(zip(FEATURES, ordered.features[row].round(4).tolist(), strict=True))
    return _passage(candidate, float(ordered.scores[row]), features)


def _passage(candidate: Candidate, score: float, features: Mapping[str, float]) -> RankedPassage:
    return RankedPassage(
        id=candidate.id,
        document_id=candidate.document_id,
        external_id=candidate.external_id,
        title=candidate.title,
        version=candidate.version,
        heading=candidate.heading,
        page=candidate.page,
        text=candidate.text,
        context=candidate.context,
        effective_from=candidate.effective_from,
        updated_at=candidate.updated_at,
        position=candidate.position,
        dense=candidate.dense,
        lexical=candidate.lexical,
        score=score,
        features=features,
        source_url=candidate.source_url,
    )


def _scope_key(scope: Scope) -> tuple[object, ...]:
    collections = tuple(scope.collections) if scope.collections is not None else None
    return (scope.as_of, scope.reader, collections, scope.preview)


class _CachedRanking(NamedTuple):
    ranking: Ranking
    snapshot: Snapshot
