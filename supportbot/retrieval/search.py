"""One question → the passages that may answer it, best first, and whether they do.

look (conversation → vectors → candidates) → features → order → reranker → diversity → reader
"""

from __future__ import annotations

import datetime as dt
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from django.db import connection

from knowledge.embedding.vectors import Vectors
from supportbot.reader.reading import Reading
from supportbot.retrieval import candidates, conversation, locales
from supportbot.retrieval import scope as scopes
from supportbot.retrieval.candidates import Candidate, Found
from supportbot.retrieval.clock import Clock
from supportbot.retrieval.conversation import Asked, Meaning, Turn
from supportbot.retrieval.diversity import diversified
from supportbot.retrieval.features import (
    FEATURES,
    SIGNALS,
    Floats,
    Judged,
    judge,
    normalised,
    signals,
)
from supportbot.retrieval.look import Question, look_until_served
from supportbot.retrieval.ranking_model import ranking_model
from supportbot.retrieval.reading import CandidatesRead, PartRead, read_candidates
from supportbot.retrieval.rerank import is_configured, rerank
from supportbot.retrieval.scope import Scope, Served
from supportbot.retrieval.settings import DEFAULT, RetrievalSettings
from supportbot.retrieval.spelling import spelt_right

__all__ = ["RankedPassage", "Ranking", "Scope", "Trace", "search"]

KEPT = 256  # rankings of this process
READ = 16  # passages, the best ones
OF_UNITS = np.array([name in {"unit", "heading"} for name in FEATURES])
MOST_KEPT_PASSAGES = 20  # in one of them


@dataclass(frozen=True)
class RankedPassage:
    """A passage as retrieval found it. Scores: `dense` is a cosine, `lexical` BM25, `score` the
    one it is ordered by, between 0 and 1 within this ranking; `features` are what that is made
    of."""

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


@dataclass(frozen=True)
class Trace:
    """How a ranking came about. `considered` are the ids of all candidates, best first; `signals`
    what answerability is made of; `milliseconds` by step; `reranked` whether a reranker had the
    time; `length` is the question's, from 0 to 1."""

    considered: tuple[int, ...] = ()
    signals: Mapping[str, float] = field(default_factory=dict)
    milliseconds: Mapping[str, float] = field(default_factory=dict)
    revision: int = 0
    reranked: bool = False
    length: float = 0.0
    is_kept: bool = False


@dataclass(frozen=True)
class Ranking:
    """What one search found. `vector` is the question's embedding by `model`, of use to what comes
    after: vectors of two models do not compare, and the active one may have changed since.
    `reading` is of the first passages; `asked` the question as it was searched for, spelt right;
    `parts` are there where it asks several things.
    `answerability` is the calibrated probability that the passages answer the question."""

    passages: tuple[RankedPassage, ...]
    vector: Vectors
    model: str
    answerability: float = 0.0
    trace: Trace = Trace()
    reading: Reading = field(default_factory=Reading)
    asked: str = ""
    parts: tuple[PartRead, ...] = ()


def search(
    text: str,
    *,
    scope: Scope,
    history: Sequence[Turn] = (),
    limit: int = 10,
    settings: RetrievalSettings = DEFAULT,
) -> Ranking:
    """The passages in `scope` that best fit `text`, which follows on `history`, best first.

    An empty or wordless text still ranks by meaning. Raises EmbeddingModelError.
    """
    clock = Clock()
    text = conversation.storable(text)
    key = (text, tuple(history), _key_of(scope), limit, settings)
    kept = _kept.get(key)
    state = scopes.known_state(scope) if kept is None else None
    if state is None:
        with clock("state"):
            state = scopes.read_state(scope)
    if kept is not None and kept.served == state.served:
        return replace(kept.ranking, trace=replace(kept.ranking.trace, is_kept=True))
    if settings.spelling:
        with clock("spelling"):
            text = spelt_right(text, locales.of_documents(state.revision))
    turns = history if settings.history else ()
    looked, served = look_until_served(Question(text, turns, scope, settings), state, clock)
    asked, found, plan = looked.asked, looked.found, looked.plan
    with clock("order"):
        ordered = _order(found, asked, looked.meaning, settings)
    with clock("rerank"):
        order, reranked = rerank(text, ordered.order, found.candidates, wanted=settings.rerank)
    with clock("diversity"):
        if settings.diversify:
            order = diversified(order, found.candidates, limit)
    passages = [_ranked(found.candidates[at], ordered, at) for at in order[:limit]]
    result = CandidatesRead(Reading())
    if settings.reader:
        with clock("reader"):
            best_first = [found.candidates[at] for at in order[: min(limit, READ)]]
            result = read_candidates(text, looked, best_first)
    reading, alone, parts = result.whole, result.alone, result.parts
    answerability, told = _answerability(ordered, reading)
    if alone is not None and (by_itself := _answerability_alone(ordered, alone)) > answerability:
        answerability, reading = by_itself, alone
    with clock("neighbours"):
        best = [passage.id for passage in passages[: settings.neighbours]]
        if best:
            known = [passage.id for passage in passages]
            beside = candidates.find_neighbours(asked, looked.meaning.sought, plan, best, known)
            passages += _in_reading_order(beside.candidates)
    ranking = Ranking(
        passages=tuple(passages),
        vector=looked.vector,
        model=plan.index.model,
        answerability=answerability,
        reading=reading,
        asked=text,
        parts=parts,
        trace=Trace(
            considered=tuple(found.candidates[at].id for at in order),
            signals=told,
            milliseconds=clock.milliseconds,
            revision=served[0],
            reranked=reranked,
            length=ordered.judged.length if ordered.judged is not None else 0.0,
        ),
    )
    # Inside a transaction of the caller's, others do not see yet what was found here; and drafts
    # change without a new revision. What another index or no reranker stood in for is asked anew.
    is_whole = plan.index.pk == served[1] and (
        reranked or not (settings.rerank and is_configured())
    )
    shared = scope.preview is None and not connection.in_atomic_block and is_whole
    if shared and limit <= MOST_KEPT_PASSAGES:
        _kept.put(key, _KeptRanking(ranking, served))
    return ranking


@dataclass(frozen=True)
class _Ordered:
    order: list[int]
    scores: Floats
    features: Floats
    judged: Judged | None


def _order(found: Found, asked: Asked, meaning: Meaning, settings: RetrievalSettings) -> _Ordered:
    if not found.candidates:
        return _Ordered([], np.zeros(0), np.zeros((0, len(FEATURES))), None)
    judged = judge(found, asked, meaning, dense_weight=settings.dense_weight)
    scores = _scores(judged, settings)
    ids = [candidate.id for candidate in found.candidates]
    order = sorted(range(len(ids)), key=lambda at: (-scores[at], ids[at]))
    return _Ordered(order, scores, judged.features, judged)


def _answerability(ordered: _Ordered, reading: Reading) -> tuple[float, Mapping[str, float]]:
    """The probability that there is an answer, and the signals that tell it."""
    if ordered.judged is None:
        return 0.0, {}
    best = max(reading.units, key=lambda unit: unit.score, default=None)
    told = signals(ordered.judged, ordered.order[0], best)
    named = {
        name: round(float(value), 4)
        for name, value in zip(SIGNALS, told, strict=True)
        if not np.isnan(value)
    }
    return ranking_model().answerability.probability(told), named


def _answerability_alone(ordered: _Ordered, reading: Reading) -> float:
    """The probability that there is an answer to the question without its earlier turns: a new
    subject in the middle of a conversation is no worse a question."""
    best = max(reading.units, key=lambda unit: unit.score, default=None)
    if ordered.judged is None or best is None:
        return 0.0
    told = np.full(len(SIGNALS), np.nan)
    values = {
        "similarity": float(ordered.judged.own_dense[ordered.order[0]]),
        "topic": 0.0,
        "unit_score": best.score,
    }
    for name, value in values.items():
        told[SIGNALS.index(name)] = value
    return ranking_model().answerability.probability(told)


def _scores(judged: Judged, settings: RetrievalSettings) -> Floats:
    if not settings.lexical:
        return normalised(judged.dense)
    if not settings.dense:
        return judged.features[:, FEATURES.index("lexical")]
    if not settings.learned:
        return judged.first
    features = judged.features
    if not settings.reader:
        features = np.where(OF_UNITS, features[:, [FEATURES.index("dense")]], features)
    return ranking_model().scores(features, judged.length)


def _ranked(candidate: Candidate, ordered: _Ordered, at: int) -> RankedPassage:
    features = dict(zip(FEATURES, ordered.features[at].round(4).tolist(), strict=True))
    return _passage(candidate, float(ordered.scores[at]), features)


def _in_reading_order(neighbours: Sequence[Candidate]) -> list[RankedPassage]:
    """Not ranked: they come along because of others."""
    in_order = sorted(neighbours, key=lambda one: (one.document_id, one.version, one.position))
    return [_passage(candidate, 0.0, {}) for candidate in in_order]


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
    )


def _key_of(scope: Scope) -> tuple[object, ...]:
    collections = tuple(scope.collections) if scope.collections is not None else None
    return (scope.as_of, scope.reader, collections, scope.preview)


class _KeptRanking(NamedTuple):
    ranking: Ranking
    served: Served


class _Kept:
    """The last rankings of this process, each with what was served then: after a publication or a
    retirement none of them counts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rankings: OrderedDict[object, _KeptRanking] = OrderedDict()

    def get(self, key: object) -> _KeptRanking | None:
        with self._lock:
            if key in self._rankings:
                self._rankings.move_to_end(key)
            return self._rankings.get(key)

    def put(self, key: object, ranking: _KeptRanking) -> None:
        with self._lock:
            self._rankings[key] = ranking
            while len(self._rankings) > KEPT:
                self._rankings.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._rankings.clear()


_kept = _Kept()


def forget_rankings() -> None:
    """For measurements."""
    _kept.clear()


def forget_all() -> None:
    """For a process that changes to another database, where revisions begin again."""
    forget_rankings()
    locales.forget()
    scopes.forget()
