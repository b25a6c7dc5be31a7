"""How sure a mean over questions is: bootstrap intervals."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import stats

CONFIDENCE = 0.95
RESAMPLES = 9_999


def mean_interval(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    """The 95% percentile bootstrap interval of a mean (Efron, 1979), the same in every run.

    For a paired comparison give the differences. Needs two values or more.
    """
    result = stats.bootstrap(
        (values,),
        np.mean,
        confidence_level=CONFIDENCE,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=np.random.default_rng(0),
    )
    return float(result.confidence_interval.low), float(result.confidence_interval.high)
