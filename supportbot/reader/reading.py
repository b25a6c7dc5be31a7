"""A question and its best passages → how likely each unit belongs to the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from knowledge.text.units import Unit
from supportbot.reader.features import UNIT_FEATURES, Asked, Floats, Read, unit_features
from supportbot.reader.reader_model import ReaderModel, reader_model

_COSINE, _ABOVE = UNIT_FEATURES.index("cosine"), UNIT_FEATURES.index("overlap_above")


@dataclass(frozen=True)
class ReadUnit:
    """A unit, where it stands (`passage` and `position` count from 0), and how well it answers:
    `score` orders the units of a question, `probability` compares between questions."""

    passage: int
    position: int
    unit: Unit
    score: float
    probability: float
    cosine: float
    overlap: float


@dataclass(frozen=True)
class Reading:
    """All units of the passages that were read, in reading order. `features` has a row for each,
    a column for each of UNIT_FEATURES."""

    units: tuple[ReadUnit, ...] = ()
    features: Floats = field(default_factory=lambda: np.zeros((0, len(UNIT_FEATURES))))

    @property
    def best_first(self) -> list[ReadUnit]:
        return sorted(self.units, key=lambda one: (-one.score, one.passage, one.position))


def read(asked: Asked, passages: Sequence[Read], model: ReaderModel | None = None) -> Reading:
    """Every unit of the passages, judged in one pass."""
    model = model or reader_model()
    features = unit_features(asked, passages)
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
