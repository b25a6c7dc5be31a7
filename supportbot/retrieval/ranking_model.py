"""The learned weights: the order of candidates, and the probability that there is an answer.

`manage.py train_ranking` writes the file. Both are linear, so that a trace can say what each
feature contributed.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from supportbot.retrieval.features import FEATURES, SIGNALS, Floats

FILE = Path(__file__).with_name("ranking_model.json")


@dataclass(frozen=True)
class RankingModel:
    """`ranking` has a weight for each of FEATURES, `answerability` one for each of SIGNALS, `usual`
    what each is on average, which stands in for those that are not told."""

    ranking: Floats
    answerability: Floats
    intercept: float
    usual: Floats

    def scores(self, features: Floats) -> Floats:
        """(candidates, features) → a score for each, between 0 and 1."""
        scores: Floats = features @ self.ranking / self.ranking.sum()
        return scores

    def probability(self, signals: Floats) -> float:
        """That the documents answer the question, between 0 and 1, calibrated."""
        told = np.where(np.isnan(signals), self.usual, signals)
        logit = float(self.intercept + told @ self.answerability)
        return float(1 / (1 + np.exp(-np.clip(logit, -30, 30))))


@functools.cache
def ranking_model() -> RankingModel:
    """The model that is part of the product."""
    return parse(FILE.read_text(encoding="utf-8"))


def parse(text: str) -> RankingModel:
    stored = json.loads(text)
    return RankingModel(
        np.array([stored["ranking"][name] for name in FEATURES]),
        np.array([stored["answerability"][name] for name in SIGNALS]),
        float(stored["answerability"]["intercept"]),
        np.array([stored["usual"][name] for name in SIGNALS]),
    )


def render(model: RankingModel) -> str:
    """As the file has it."""
    intercept = {"intercept": round(model.intercept, 4)}
    parts = {
        "ranking": _named(FEATURES, model.ranking),
        "answerability": intercept | _named(SIGNALS, model.answerability),
        "usual": _named(SIGNALS, model.usual),
    }
    return json.dumps(parts, indent=2) + "\n"


def _named(names: Sequence[str], values: Floats) -> dict[str, float]:
    return {name: round(float(value), 4) for name, value in zip(names, values, strict=True)}
