"""Answers against what is known of the right ones: each measure has a value for each question that
it applies to.

precision      units of the answer that are gold; 0 where there is no answer
recall         gold sentences that the answer quotes
F1             of these two; of alternative right answers the one with the best F1 counts
gold document  whether one that holds the answer is quoted
word F1        words shared with an answer that a person wrote
all said       whether everything is said that must be, share said: how much of it
wrongly said   whether anything is said that must not be
right          answered, with all that must be said and nothing that must not
false answers  unanswerable questions that were answered
withheld       answerable questions that were not; asked back: whether one was asked instead
words          of an answer

A sentence is quoted when half of its words stand in the quotes, in runs of three or more; a unit of
the answer is gold when half of its words stand in a gold sentence, or half of that one's in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from supportbot.evaluation import answer_arms
from supportbot.evaluation.answer_arms import Given
from supportbot.evaluation.answer_questions import AskedQuestion
from supportbot.evaluation.answer_words import LEAST_SHARE, says, share_covered
from supportbot.evaluation.intervals import mean_interval
from supportbot.evaluation.names import (
    ANSWER_MEASURES,
    ANSWER_WORDS,
    ANSWERED_RIGHT,
    ASKED_BACK,
    F1,
    FALSE_ANSWERS,
    GOLD_DOCUMENT,
    GOLD_RECALL,
    MUST,
    MUST_ENTRIES,
    MUST_NOT,
    PRECISION,
    WITHHELD,
    WORDS,
)
from supportbot.evaluation.retrieval_figures import Estimate
from supportbot.evaluation.words import word_f1, words_of

LEAST_VALUES = 2  # for an interval
Floats = npt.NDArray[np.float64]
Values = dict[str, float]


class AnswerScores:
    """Of one arm."""

    def __init__(self, questions: Sequence[AskedQuestion], given: Sequence[Given]) -> None:
        values = [judge(*pair) for pair in zip(questions, given, strict=True)]
        # NaN where a measure does not apply, so that arms can be compared question by question.
        self._values: dict[str, Floats] = {
            name: np.array([found.get(name, np.nan) for found in values])
            for name in ANSWER_MEASURES
        }
        times = [one.milliseconds for one in given if one.milliseconds is not None]
        self.p50_ms, self.p95_ms = _percentiles(times, 50, 95)
        self.words_p50, self.words_p90 = _percentiles(self.of(WORDS), 50, 90)

    def of(self, measure: str) -> Floats:
        """The values of the questions that the measure applies to."""
        values = self._values[measure]
        return values[~np.isnan(values)]

    @property
    def estimates(self) -> dict[str, Estimate]:
        """Of the measures that apply to two questions or more."""
        return _estimates({name: self.of(name) for name in ANSWER_MEASURES})

    def less(self, other: AnswerScores) -> dict[str, Estimate]:
        """Over the questions that have a value in both."""
        differences = {n: self._values[n] - other._values[n] for n in ANSWER_MEASURES}
        return _estimates({name: found[~np.isnan(found)] for name, found in differences.items()})

    def to_json(self) -> dict[str, Any]:
        """{measure: {value, low, high}, "words_p50", "words_p90", "p50_ms", "p95_ms"}."""
        return {
            **{name: asdict(figure) for name, figure in self.estimates.items()},
            "words_p50": self.words_p50,
            "words_p90": self.words_p90,
            "p50_ms": self.p50_ms,
            "p95_ms": self.p95_ms,
        }


def _estimates(values: Mapping[str, Floats]) -> dict[str, Estimate]:
    return {
        name: Estimate(float(found.mean()), *mean_interval(found))
        for name, found in values.items()
        if len(found) >= LEAST_VALUES
    }


def _percentiles(values: Sequence[float] | Floats, *which: int) -> list[float | None]:
    if not len(values):
        return [None] * len(which)
    return [float(found) for found in np.percentile(values, which)]


def judge(question: AskedQuestion, given: Given) -> Values:
    """By measure, of those that apply."""
    values: Values = {}
    if given.answered:
        values[WORDS] = float(len(given.text.split()))
    if question.answerable is False:
        values[FALSE_ANSWERS] = float(given.answered)
    elif question.answerable is True:
        values |= _judge_answerable(question, given)
    if question.must_not:
        values[MUST_NOT] = float(any(_is_said(entry, given) for entry in question.must_not))
    return values


def _judge_answerable(question: AskedQuestion, given: Given) -> Values:
    values: Values = {
        WITHHELD: float(not given.answered),
        ASKED_BACK: float(given.outcome == answer_arms.ASKED_BACK),
    }
    if question.gold:
        values |= _overlap(question.gold, given if given.answered else Given("", (), ()))
    if question.documents:
        values[GOLD_DOCUMENT] = float(not set(question.documents).isdisjoint(given.documents))
    if question.answer:
        values[ANSWER_WORDS] = word_f1(given.text, question.answer) if given.answered else 0.0
    if question.must:
        said = [_is_said(entry, given) for entry in question.must]
        values |= {MUST: float(all(said)), MUST_ENTRIES: sum(said) / len(said)}
    if question.must or question.must_not:
        values[ANSWERED_RIGHT] = float(given.answered and not faults(question, given))
    return values


def _is_said(entry: Sequence[str], given: Given) -> bool:
    return any(says(given.text, wording) for wording in entry)


def faults(question: AskedQuestion, given: Given) -> list[str]:
    """What is missing and what should not be there, in words."""
    missing = [entry[0] for entry in question.must if not _is_said(entry, given)]
    wrong = [entry[0] for entry in question.must_not if _is_said(entry, given)]
    return [*(f"lacks {text!r}" for text in missing), *(f"says {text!r}" for text in wrong)]


def _overlap(gold: Sequence[Sequence[str]], given: Given) -> Values:
    found = [_prf(alternative, given.quotes) for alternative in gold]
    return max(found, key=lambda values: (values[F1], values[GOLD_RECALL]))


def _prf(gold: Sequence[str], quotes: Sequence[str]) -> Values:
    wanted, units = [words_of(text) for text in gold], [words_of(text) for text in quotes]
    chosen = sum(share_covered(sentence, units) >= LEAST_SHARE for sentence in wanted)
    right = sum(
        any(
            share_covered(unit, [sentence]) >= LEAST_SHARE
            or share_covered(sentence, [unit]) >= LEAST_SHARE
            for sentence in wanted
        )
        for unit in units
    )
    precision = right / len(units) if units else 0.0
    recall = chosen / len(wanted)
    both = precision + recall
    return {
        PRECISION: precision,
        GOLD_RECALL: recall,
        F1: 2 * precision * recall / both if both else 0.0,
    }
