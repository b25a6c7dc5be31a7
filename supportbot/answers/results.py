"""Stage results stored with a run, so that a process that takes it over can continue from there.

A result that cannot be read, such as one stored by another release, is computed again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from pydantic import TypeAdapter, ValidationError

from knowledge.text.units import units_of
from supportbot.answers.enrich import snapshot
from supportbot.answers.types import Evidence, Question, Reply, Screened, Stage
from supportbot.reader.reading import Reading, ReadUnit
from supportbot.retrieval.candidate_reading import PartReading
from supportbot.retrieval.search import RankedPassage, Ranking, Trace

T = TypeVar("T")
# passage, position, score, probability, cosine, overlap
StoredUnit = tuple[int, int, float, float, float, float]


@dataclass(frozen=True)
class StoredEvidence:
    """Evidence without vectors, which no later stage needs, and without the text of units, which
    the passages have."""

    question: Question
    rewritten: str | None
    passages: tuple[RankedPassage, ...]
    units: tuple[StoredUnit, ...]
    searched_text: str
    parts: tuple[tuple[str, tuple[StoredUnit, ...]], ...]
    model: str
    answerability: float
    answerability_min: float
    trace: Trace


@dataclass(frozen=True)
class Form(Generic[T]):
    """How a stage's result is stored: as JSON, and in columns that the admin shows."""

    pack: Callable[[T], Any]
    unpack: Callable[[Any], T]
    columns: Callable[[T], dict[str, Any]] = lambda _: {}


def _plain(made: type[T]) -> Form[T]:
    adapter: TypeAdapter[T] = TypeAdapter(made)
    return Form(lambda result: adapter.dump_python(result, mode="json"), adapter.validate_python)


_evidence = TypeAdapter(StoredEvidence)


def _pack_evidence(evidence: Evidence) -> Any:
    ranking = evidence.ranking
    stored = StoredEvidence(
        question=evidence.question,
        rewritten=evidence.rewritten,
        passages=ranking.passages,
        units=_pack_units(ranking.reading.units),
        searched_text=ranking.searched_text,
        parts=tuple((part.text, _pack_units(part.reading.units)) for part in ranking.parts),
        model=ranking.model,
        answerability=ranking.answerability,
        answerability_min=evidence.answerability_min,
        trace=ranking.trace,
    )
    return _evidence.dump_python(stored, mode="json")


def _unpack_evidence(raw: Any) -> Evidence:
    stored = _evidence.validate_python(raw)
    ranking = Ranking(
        passages=stored.passages,
        vector=np.zeros(0, dtype=np.float32),
        model=stored.model,
        answerability=stored.answerability,
        trace=stored.trace,
        reading=_unpack_reading(stored.units, stored.passages),
        searched_text=stored.searched_text,
        parts=tuple(
            PartReading(text, _unpack_reading(units, stored.passages))
            for text, units in stored.parts
        ),
    )
    return Evidence(stored.question, ranking, stored.rewritten, stored.answerability_min)


def _pack_units(units: Sequence[ReadUnit]) -> tuple[StoredUnit, ...]:
    return tuple(
        (one.passage, one.position, one.score, one.probability, one.cosine, one.overlap)
        for one in units
    )


def _unpack_reading(units: Sequence[StoredUnit], passages: Sequence[RankedPassage]) -> Reading:
    """Raises IndexError if a unit is none of its passage: another release has cut it otherwise."""
    return Reading(
        tuple(
            ReadUnit(passage, position, units_of(passages[passage].text)[position], *figures)
            for passage, position, *figures in units
        )
    )


def _evidence_columns(evidence: Evidence) -> dict[str, Any]:
    found = snapshot(evidence)
    return {"passages": found.passages, "retrieval": found.retrieval}


_FORMS: dict[Stage, Form[Any]] = {
    Stage.RECEIVE: _plain(Question),
    Stage.VALIDATE: _plain(Screened),
    Stage.ENRICH: Form(_pack_evidence, _unpack_evidence, _evidence_columns),
    Stage.DELIVER: _plain(Reply),
}


def packed(stage: Stage, result: Any) -> dict[str, Any]:
    """A result as stored: {stage: JSON}."""
    form = _FORMS.get(stage)
    return {} if form is None else {str(stage): form.pack(result)}


def columns_of(stage: Stage, result: Any) -> dict[str, Any]:
    """Columns of AnswerRun that show a result."""
    form = _FORMS.get(stage)
    return {} if form is None else form.columns(result)


def unpacked(stage: Stage, results: dict[str, Any]) -> Any:
    """The stored result of a stage; None if there is none or it cannot be read."""
    form, raw = _FORMS.get(stage), results.get(stage)
    if form is None or raw is None:
        return None
    try:
        return form.unpack(raw)
    except (ValidationError, TypeError, ValueError, IndexError):
        return None
