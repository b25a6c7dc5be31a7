"""Fitting the head that finds attempts to steer the assistant, and its threshold."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from supportbot.evaluation.injection_arms import Fit, Judge, Read, fit_head, head_scores, read
from supportbot.evaluation.injection_dataset import NEVER_FITTED, InjectionData
from supportbot.evaluation.intervals import Floats
from supportbot.evaluation.report import EvaluationError
from supportbot.guardrails.detectors.injection_head import Head

FALSE_ALARMS = 0.01  # of ordinary questions, at the threshold
LEAST_THRESHOLD = 0.55  # lower ones take documents with rules for attacks


@dataclasses.dataclass(frozen=True)
class Texts:
    """The data with the features of each text."""

    judged: Sequence[Read]
    background: Sequence[Read]
    calibration: Sequence[Read]
    ordinary: Sequence[Read]

    def without(self, family: str) -> list[Read]:
        """What weights are fitted to that never saw the sources of one author; "" leaves out
        none."""
        judged = [
            one
            for one in self.judged
            if one.row.family != family and one.row.source not in NEVER_FITTED
        ]
        return [*judged, *self.background]


def texts_of(data: InjectionData, say: Callable[[str], None]) -> Texts:
    """Raises EvaluationError if there is nothing to set a threshold by."""
    if not data.calibration:
        raise EvaluationError(
            "The threshold is set by ordinary questions: beside the folder of judged texts there "
            "must be a folder triage with banking77 and clinc150."
        )
    parts = (data.judged, data.background, data.calibration, data.ordinary)
    return Texts(*(read(rows, say) for rows in parts))


def threshold_of(judge: Judge, calibration: Sequence[Read]) -> float:
    """The least score that at most FALSE_ALARMS of the ordinary questions reach."""
    return above(judge(calibration))


def above(scores: Floats) -> float:
    return float(np.nextafter(np.quantile(scores, 1 - FALSE_ALARMS, method="higher"), 2.0))


def fit_for_product(texts: Texts) -> Head:
    """Weights fitted to all, with the threshold, which is at least LEAST_THRESHOLD. The questions
    that set it are none of those that the weights are fitted to."""
    found = fit_head(texts.without(""))
    threshold = max(above(head_scores(found, texts.calibration)), LEAST_THRESHOLD)
    return dataclasses.replace(found, threshold=threshold)


def unseen(texts: Texts, family: str, fit: Fit) -> tuple[Judge, float]:
    """A judge that never saw the sources of one author, and its threshold."""
    judge = fit(texts.without(family))
    return judge, threshold_of(judge, texts.calibration)
