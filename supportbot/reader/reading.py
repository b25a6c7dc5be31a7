"""A question and its best passages → the probability that each unit belongs to the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from knowledge.text.units import Unit
from supportbot.reader.features import (
    UNIT_FEATURES,
    Floats,
    ReaderPassage,
    ReaderQuestion,
    unit_features,
)
from supportbot.reader.reader_model import ReaderModel, reader_model

_COSINE, _ABOVE = UNIT_FEATURES.index("cosine"), UNIT_FEATURES.index("overlap_above")


@dataclass(frozen=True)
class ReadUnit:
    """A unit, its place (`passage` and `position` count from 0), and how well it answers. `score`
    orders the units of one question; `probability` (0 to 1) compares between questions. `overlap`
    is the share of the question's terms in the unit, its title and its headings."""

    passage: int
    position: int
    unit: Unit
    score: float
    probability: float
    cosine: float
    overlap: float


@dataclass(frozen=True)
class Reading:
    """All units of the passages, in reading order. `features` is (units, UNIT_FEATURES)."""

    units: tuple[ReadUnit, ...] = ()
    features: Floats = field(default_factory=lambda: np.zeros((0, len(UNIT_FEATURES))))

    @property
    def best_first(self) -> list[ReadUnit]:
        return sorted(self.units, key=lambda one: (-one.score, one.passage, one.position))


def read_passages(
    question: ReaderQuestion, passages: Sequence[ReaderPassage], model: ReaderModel | None = None
) -> Reading:
    """Scores every unit of the passages in one pass. `model` is the shipped one by default."""
    model = model or reader_model()
    features = unit_features(question, passages)
    scores = model.scores(features)
    probabilities = model.probabilities(scores)
    places = [
        (number, position, unit)
        for number, passage in enumerate(passages)
        for position, unit in enumerate(passage.units)
    ]
    return Reading(
        tuple(
            ReadUnit(
                number,
                position,
                unit,
                float(scores[row]),
                float(probabilities[row]),
                float(features[row, _COSINE]),
                float(features[row, _ABOVE]),
            )
            for row, (number, position, unit) in enumerate(places)
        ),
        features,
    )
