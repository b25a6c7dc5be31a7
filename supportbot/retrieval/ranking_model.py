"""The learned weights that rank candidates and predict whether there is an answer.

`manage.py train_ranking` writes the file. The models are linear, so that a trace can show what each
feature contributed.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from supportbot.retrieval.features import (
    ANSWER_SIGNALS,
    FEATURES,
    SIGNALS,
    SUBJECT_SIGNALS,
    Floats,
)

FILE = Path(__file__).with_name("ranking_model.json")
INTERCEPT = "intercept"
LENGTHS = ("short", "long")


@dataclass(frozen=True)
class Logistic:
    """A logistic regression, one weight for each of its signals."""

    weights: Floats
    intercept: float

    def probability(self, signals: Floats) -> float:
        logit = float(self.intercept + signals @ self.weights)
        return float(1 / (1 + np.exp(-np.clip(logit, -30, 30))))


@dataclass(frozen=True)
class Answerability:
    """`answer` predicts from ANSWER_SIGNALS whether the passages answer the query. `subject`
    predicts from SUBJECT_SIGNALS whether the question itself, without its earlier turns, is about
    the documents; a question without earlier turns needs only `answer`. `usual` has the average of
    each of SIGNALS, used where a signal is MISSING."""

    answer: Logistic
    subject: Logistic
    usual: Floats

    def probability(self, signals: Floats) -> float:
        """The calibrated probability that the documents answer the question, from SIGNALS."""
        known = np.where(np.isnan(signals), self.usual, signals)
        of_answer, of_subject = np.split(known, [len(ANSWER_SIGNALS)])
        probability = self.answer.probability(of_answer)
        if has_no_history(signals):
            return probability
        return probability * self.subject.probability(of_subject)


def has_no_history(signals: Floats) -> bool:
    """Whether these signals are of a question without earlier turns."""
    return bool(np.isnan(signals[len(ANSWER_SIGNALS) :]).all())


@dataclass(frozen=True)
class RankingModel:
    """`ranking` has a row of weights for short questions and one for long ones, a column for each
    of FEATURES. In a long text, rare words say more than the meaning of the whole."""

    ranking: Floats
    answerability: Answerability

    def scores(self, features: Floats, length: float) -> Floats:
        """(candidates, FEATURES) → a score between 0 and 1 for each candidate. `length` is the
        question's, from 0 to 1."""
        short, long = self.ranking / self.ranking.sum(axis=1, keepdims=True)
        scores: Floats = features @ ((1 - length) * short + length * long)
        return scores


@functools.cache
def ranking_model() -> RankingModel:
    """The model shipped with the product."""
    return parse(FILE.read_text(encoding="utf-8"))


def parse(text: str) -> RankingModel:
    """Raises KeyError if the file lacks a weight."""
    stored = json.loads(text)
    return RankingModel(
        np.array([[stored[length][name] for name in FEATURES] for length in LENGTHS]),
        Answerability(
            _logistic(stored["answer"], ANSWER_SIGNALS),
            _logistic(stored["subject"], SUBJECT_SIGNALS),
            np.array([stored["usual"][name] for name in SIGNALS]),
        ),
    )


def _logistic(stored: Mapping[str, float], names: Sequence[str]) -> Logistic:
    return Logistic(np.array([stored[name] for name in names]), float(stored[INTERCEPT]))


def render(model: RankingModel) -> str:
    """The text of the model file."""
    answer, subject = model.answerability.answer, model.answerability.subject
    parts = {
        **{
            length: _named(FEATURES, weights)
            for length, weights in zip(LENGTHS, model.ranking, strict=True)
        },
        "answer": _named((INTERCEPT, *ANSWER_SIGNALS), [answer.intercept, *answer.weights]),
        "subject": _named((INTERCEPT, *SUBJECT_SIGNALS), [subject.intercept, *subject.weights]),
        "usual": _named(SIGNALS, model.answerability.usual),
    }
    return json.dumps(parts, indent=2) + "\n"


def _named(names: Sequence[str], values: Floats | Sequence[float]) -> dict[str, float]:
    return {name: round(float(value), 4) for name, value in zip(names, values, strict=True)}
