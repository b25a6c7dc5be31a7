"""The learned weights of the reader. `manage.py train_reader` writes the file."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from supportbot.reader.features import UNIT_FEATURES, Floats

FILE = Path(__file__).with_name("reader_model.json")


@dataclass(frozen=True)
class ReaderModel:
    """`weights` has one weight for each of UNIT_FEATURES. `calibration` (intercept, score, gap)
    turns a unit's score and its distance from the best score into a probability."""

    weights: Floats
    calibration: Floats

    def scores(self, features: Floats) -> Floats:
        """(units, UNIT_FEATURES) → a score for each unit."""
        scores: Floats = features @ self.weights
        return scores

    def probabilities(self, scores: Floats) -> Floats:
        """The scores of all units of a question → the probability that each is in its answer."""
        if not len(scores):
            return scores
        intercept, by_score, by_gap = self.calibration
        logit = intercept + by_score * scores + by_gap * (scores.max() - scores)
        probabilities: Floats = 1 / (1 + np.exp(-np.clip(logit, -30, 30)))
        return probabilities


@functools.cache
def reader_model() -> ReaderModel:
    """The model shipped with the product."""
    return parse(FILE.read_text("utf-8"))


def parse(text: str) -> ReaderModel:
    """A feature without a stored weight has the weight 0."""
    stored = json.loads(text)
    return ReaderModel(
        np.array([stored["weights"].get(name, 0.0) for name in UNIT_FEATURES]),
        np.array([stored["calibration"][name] for name in ("intercept", "score", "gap")]),
    )


def render(model: ReaderModel, sources: dict[str, str]) -> str:
    """The text of the model file. `sources`: name of a data set it was fitted to → its licence."""
    parts = {
        "weights": dict(zip(UNIT_FEATURES, model.weights.round(4).tolist(), strict=True)),
        "calibration": dict(
            zip(("intercept", "score", "gap"), model.calibration.round(4).tolist(), strict=True)
        ),
        "fitted_to": sources,
    }
    return json.dumps(parts, indent=2) + "\n"
