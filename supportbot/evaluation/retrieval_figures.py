"""Rankings against judgements: the measures, how sure they are, and whether scores are calibrated.

nDCG@10     Järvelin and Kekäläinen (2002) with the grade as the gain, as trec_eval does
recall@10   relevant documents among the first ten / relevant documents
hit@3       questions with a relevant document among the first three
MRR@10      1 / rank of the first relevant document, 0 below the tenth
AUROC       chance that an answerable question scores above one that is not; ties count half
ECE         expected calibration error over ten bins (Guo et al., 2017)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import ir_measures
import numpy as np
import numpy.typing as npt
from ir_measures import RR, R, Success, nDCG

from supportbot.evaluation.intervals import (
    auroc,
    auroc_difference_interval,
    auroc_interval,
    mean_interval,
)
from supportbot.evaluation.judged_dataset import LEAST_QUESTIONS, JudgedQuestion
from supportbot.evaluation.names import AUROC, HIT, MRR, NDCG, RECALL
from supportbot.evaluation.rankings import Answered

_BY_QUESTION = {NDCG: nDCG @ 10, RECALL: R @ 10, HIT: Success @ 3, MRR: RR @ 10}
BINS = 10

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95% interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Bin:
    """Questions whose answerability lies in one tenth of the range: the mean of what was predicted,
    the share that is answerable, and how many they are."""

    predicted: float
    observed: float
    questions: int


@dataclass(frozen=True)
class Scores:
    """Of one arm. `by_question` has a value for every judged question, by measure; `answerability`
    the scores of (answerable, other) questions, None where a class has fewer than two."""

    by_question: dict[str, Floats]
    answerability: tuple[Floats, Floats] | None
    p50_ms: float
    p95_ms: float

    @cached_property
    def estimates(self) -> dict[str, Estimate]:
        found = {
            name: Estimate(float(values.mean()), *mean_interval(values))
            for name, values in self.by_question.items()
        }
        if self.answerability is not None:
            found[AUROC] = Estimate(
                auroc(*self.answerability), *auroc_interval(*self.answerability)
            )
        return found


def score(questions: Sequence[JudgedQuestion], answered: Sequence[Answered]) -> Scores:
    """Rankings are judged on the questions that have a relevant document, answerability on those of
    which the data says whether they have an answer."""
    times = [a.milliseconds for a in answered if a.milliseconds is not None]
    return Scores(
        by_question=_by_question(questions, answered),
        answerability=_answerability(questions, answered),
        p50_ms=float(np.percentile(times, 50)),
        p95_ms=float(np.percentile(times, 95)),
    )


def _by_question(
    questions: Sequence[JudgedQuestion], answered: Sequence[Answered]
) -> dict[str, Floats]:
    judged = [pair for pair in zip(questions, answered, strict=True) if pair[0].is_judged]
    qrels = {question.id: dict(question.grades) for question, _ in judged}
    # Scores that fall by one: equal ones would be ordered by document id.
    run = {
        question.id: {id_: -float(rank) for rank, id_ in enumerate(answer.documents)}
        for question, answer in judged
    }
    found = {
        (metric.query_id, metric.measure): float(metric.value)
        for metric in ir_measures.iter_calc(list(_BY_QUESTION.values()), qrels, run)
    }
    return {
        name: np.array([found[question.id, measure] for question, _ in judged])
        for name, measure in _BY_QUESTION.items()
    }


def _answerability(
    questions: Sequence[JudgedQuestion], answered: Sequence[Answered]
) -> tuple[Floats, Floats] | None:
    by_class: dict[bool, list[float]] = {True: [], False: []}
    for question, answer in zip(questions, answered, strict=True):
        if question.answerable is not None and answer.answerability is not None:
            by_class[question.answerable].append(answer.answerability)
    if min(map(len, by_class.values())) < LEAST_QUESTIONS:
        return None
    return np.array(by_class[True]), np.array(by_class[False])


def compare(one: Scores, other: Scores) -> dict[str, Estimate]:
    """`one` less `other`, question by question."""
    found: dict[str, Estimate] = {}
    for name, values in one.by_question.items():
        differences = values - other.by_question[name]
        found[name] = Estimate(float(differences.mean()), *mean_interval(differences))
    if one.answerability is not None and other.answerability is not None:
        difference = auroc(*one.answerability) - auroc(*other.answerability)
        interval = auroc_difference_interval(one.answerability, other.answerability)
        found[AUROC] = Estimate(difference, *interval)
    return found


def reliability(scores: tuple[Floats, Floats]) -> list[Bin]:
    """The bins that hold a question, in order (Niculescu-Mizil and Caruana, 2005)."""
    predicted = np.concatenate(scores)
    observed = np.concatenate([np.ones(len(scores[0])), np.zeros(len(scores[1]))])
    numbers = np.minimum((predicted * BINS).astype(int), BINS - 1)
    return [
        Bin(float(predicted[inside].mean()), float(observed[inside].mean()), int(inside.sum()))
        for number in range(BINS)
        if (inside := numbers == number).any()
    ]


def calibration_error(bins: Sequence[Bin]) -> float:
    """The mean distance between predicted and observed, over questions."""
    total = sum(bin_.questions for bin_ in bins)
    return sum(abs(bin_.predicted - bin_.observed) * bin_.questions for bin_ in bins) / total


def to_json(arms: dict[str, Scores], bins: Sequence[Bin]) -> dict[str, Any]:
    """{"arms": {name: {measure: {value, low, high}, "p50_ms", "p95_ms"}},
    "reliability": [{predicted, observed, questions}], "calibration_error": number or None}."""
    return {
        "arms": {
            name: {
                **{measure: asdict(figure) for measure, figure in scores.estimates.items()},
                "p50_ms": scores.p50_ms,
                "p95_ms": scores.p95_ms,
            }
            for name, scores in arms.items()
        },
        "reliability": [asdict(bin_) for bin_ in bins],
        "calibration_error": calibration_error(bins) if bins else None,
    }
