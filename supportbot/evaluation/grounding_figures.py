"""Figures over judged responses: balanced accuracy, AUROC, false alarms."""

from __future__ import annotations

import functools
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import numpy as np

from supportbot.evaluation.intervals import Floats, auroc, auroc_interval, mean_interval
from supportbot.evaluation.names import (
    AUROC,
    BALANCED,
    FALSE_ALARMS,
    OWN_THRESHOLD,
)

FOLDS = 10
LEAST = 2  # responses of a class, for an interval
RECALL = 0.9  # of the unsupported, at which false alarms are counted


@dataclass(frozen=True)
class Estimate:
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Scores:
    """What one arm has made of a group of responses. `documents` has the number of each one's
    context; `passes` is empty for an arm without a threshold of its own."""

    truth: Floats  # 1.0 where supported
    scores: Floats
    documents: Floats
    passes: Floats = field(default_factory=lambda: np.zeros(0))

    @functools.cached_property
    def estimates(self) -> dict[str, Estimate]:
        """By measure; none where a class has fewer than two responses."""
        if min(self.truth.sum(), (1 - self.truth).sum()) < LEAST:
            return {}
        found = {}
        if len(np.unique(self.documents)) > 1:
            right = (self.fitted_elsewhere() == self.truth).astype(float)
            found[BALANCED] = self._balanced(right)
        if len(self.passes):
            found[OWN_THRESHOLD] = self._balanced((self.passes == self.truth).astype(float))
        good, bad = self.scores[self.truth == 1], self.scores[self.truth == 0]
        found[AUROC] = Estimate(auroc(good, bad), *auroc_interval(good, bad))
        alarms = (good <= np.quantile(bad, RECALL, method="higher")).astype(float)
        found[FALSE_ALARMS] = mean_of(alarms)
        return found

    def fitted_elsewhere(self) -> Floats:
        """1.0 for each response that counts as supported by the threshold that is best on other
        documents: each tenth of the documents is judged by the rest."""
        folds = _folds(self.documents)
        decided = np.zeros(len(self.truth))
        for fold in np.unique(folds):
            here = folds == fold
            threshold = best_threshold(self.truth[~here], self.scores[~here])
            decided[here] = self.scores[here] >= threshold
        return decided

    def _balanced(self, right: Floats) -> Estimate:
        """The mean of both classes' accuracies, each response weighing as its class asks."""
        weights = np.where(self.truth == 1, 0.5 / self.truth.mean(), 0.5 / (1 - self.truth.mean()))
        return mean_of(right * weights)

    def to_json(self) -> dict[str, dict[str, float]]:
        return {name: asdict(one) for name, one in self.estimates.items()}


def best_threshold(truth: Floats, scores: Floats) -> float:
    """The one with the best balanced accuracy; supported counts from it upwards."""
    order = np.argsort(-scores, kind="stable")
    ranked, found = scores[order], truth[order]
    recall = np.cumsum(found) / max(1.0, found.sum())
    alarms = np.cumsum(1 - found) / max(1.0, (1 - found).sum())
    is_last = np.append(ranked[1:] != ranked[:-1], True)
    gains = np.where(is_last, recall - alarms, -1.0)
    best = int(np.argmax(gains))
    below = ranked[best + 1] if best + 1 < len(ranked) else ranked[best]
    return float((ranked[best] + below) / 2) if below < ranked[best] else float(ranked[best])


def mean_over(groups: Sequence[Scores]) -> dict[str, float]:
    """The mean of each measure that all groups have; every group weighs alike."""
    found = [group.estimates for group in groups]
    names = [name for name in found[0] if all(name in one for one in found)]
    return {name: float(np.mean([one[name].value for one in found])) for name in names}


def _folds(documents: Floats) -> Floats:
    numbers = sorted(set(documents.tolist()))
    random.Random(0).shuffle(numbers)  # noqa: S311  the same in every run
    fold = {number: float(place % FOLDS) for place, number in enumerate(numbers)}
    return np.array([fold[number] for number in documents.tolist()])


def mean_of(values: Floats) -> Estimate:
    """With its 95% interval."""
    value = float(values.mean())
    return Estimate(value, *(mean_interval(values) if len(values) > 1 else (value, value)))
