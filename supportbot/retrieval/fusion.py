"""Two rankings of the same candidates → one."""

from __future__ import annotations

from collections.abc import Sequence

# DESIGN.md, section 8: on all seven public sets a convex combination of normalised scores beat
# reciprocal-rank fusion, with the best mean at this weight.
DENSE_WEIGHT = 0.7


def fuse(dense: Sequence[float], lexical: Sequence[float]) -> list[float]:
    """Convex combination of per-question min-max-normalised scores, each between 0 and 1.

    Bruch, Gai, Ingber: "An Analysis of Fusion Functions for Hybrid Retrieval" (TOIS 2023).
    """
    return [
        DENSE_WEIGHT * first + (1 - DENSE_WEIGHT) * second
        for first, second in zip(_normalise(dense), _normalise(lexical), strict=True)
    ]


def _normalise(scores: Sequence[float]) -> list[float]:
    if not scores:
        return []
    low, high = min(scores), max(scores)
    if high == low:
        # All equal says nothing about order; a positive score still beats none at all.
        return [1.0 if high > 0 else 0.0] * len(scores)
    return [(score - low) / (high - low) for score in scores]
