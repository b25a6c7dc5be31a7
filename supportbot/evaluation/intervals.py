"""How sure a figure over questions is: bootstrap intervals (Efron, 1979), the same in every run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

CONFIDENCE = 0.95
RESAMPLES = 9_999
BATCH = 500  # resamples held in memory at a time

Floats = npt.NDArray[np.float64]
TwoClasses = tuple[Floats, Floats]


def mean_interval(values: Floats) -> tuple[float, float]:
    """The 95% percentile interval of a mean.

    For a paired comparison give the differences. Needs two values or more.
    """
    return _interval([values], np.mean)


def auroc(positives: Floats, negatives: Floats, axis: int = -1) -> Any:
    """The area under the ROC curve, as the share of pairs in the right order, ties counting half
    (Mann and Whitney, 1947); an array when the samples have more than one axis."""
    count, other = positives.shape[axis], negatives.shape[axis]
    from scipy import stats

    ranks = stats.rankdata(np.concatenate([positives, negatives], axis=axis), axis=axis)
    sums = np.take(ranks, range(count), axis=axis).sum(axis=axis)
    area = (sums - count * (count + 1) / 2) / (count * other)
    return float(area) if np.ndim(area) == 0 else area


def auroc_interval(positives: Floats, negatives: Floats) -> tuple[float, float]:
    """The 95% percentile interval, resampling within each class; needs two values of each."""
    return _interval([positives, negatives], auroc)


def auroc_difference_interval(one: TwoClasses, other: TwoClasses) -> tuple[float, float]:
    """Of the area of one less that of the other, over the same questions in the same order."""

    def difference(
        positives: npt.NDArray[np.int64], negatives: npt.NDArray[np.int64], axis: int = -1
    ) -> Any:
        return auroc(one[0][positives], one[1][negatives], axis) - auroc(
            other[0][positives], other[1][negatives], axis
        )

    return _interval([np.arange(len(one[0])), np.arange(len(one[1]))], difference)


def _interval(
    samples: Sequence[npt.NDArray[Any]], statistic: Callable[..., Any]
) -> tuple[float, float]:
    from scipy import stats  # takes half a second, and pages only show what was found

    result = stats.bootstrap(
        samples,
        statistic,
        vectorized=True,
        confidence_level=CONFIDENCE,
        n_resamples=RESAMPLES,
        batch=BATCH,
        method="percentile",
        rng=np.random.default_rng(0),
    )
    return float(result.confidence_interval.low), float(result.confidence_interval.high)
