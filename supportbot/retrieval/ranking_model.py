"""The learned weights: the order of candidates, and the probability that there is an answer.

`manage.py train_ranking` writes the file. Both are linear, so that a trace can say what each
feature contributed.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from supportbot.retrieval.features import FEATURES, SIGNALS, Floats

FILE = Path(__file__).with_name("ranking_model.json")


@dataclass(frozen=True)
class RankingModel:
    """`ranking` has a weight for each of FEATURES, `answerability` one for each of SIGNALS."""

    ranking: Floats
    answerability: Floats
    intercept: float

    def scores(self, features: Floats) -> Floats:
        """(candidates, features) → a score for each, between 0 and 1."""
        scores: Floats = features @ self.ranking / self.ranking.sum()
        return scores

    def probability(self, signals: Floats) -> float:
        """That the documents answer the question, between 0 and 1, calibrated."""
        logit = float(self.intercept + signals @ self.answerability)
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
    )


def render(model: RankingModel) -> str:
    """As the file has it."""
    ranking = {name: round(float(w), 4) for name, w in zip(FEATURES, model.ranking, strict=True)}
    signals = zip(SIGNALS, model.answerability, strict=True)
    answerability = {"intercept": round(model.intercept, 4)}
    answerability |= {name: round(float(w), 4) for name, w in signals}
    return json.dumps({"ranking": ranking, "answerability": answerability}, indent=2) + "\n"
