"""How much the texts on both sides of a boundary speak of the same things, judged by their words.

Lexical cohesion after Hearst, "TextTiling" (Computational Linguistics 23, 1997): windows on both
sides share more of the text's own terms inside a topic than where one ends.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

WINDOW_TOKENS = 60
NEIGHBOURS = 8  # boundaries on either side that a boundary is compared with
# A term that is more than one token in two hundred says how the text is written, not about what.
COMMON_SHARE = 0.005
COMMON_LEAST = 6  # … but in a short text only beyond so many
USUAL_DEVIATION = 0.1  # of the result, in long texts
_CHUNK = 20_000  # boundaries at a time, to bound the memory


def relative_cohesion(ids: Ints, boundaries: Ints) -> Floats:
    """For each boundary (an index into `ids`) how much more the text holds together there than at
    the boundaries around it: 0.1 is much, -0.1 little."""
    if not len(boundaries) or not len(ids):
        return np.zeros(len(boundaries))
    weights = _term_weights(ids)
    earlier, later = _same_term(ids)
    cohesion = np.concatenate(
        [
            _cohesion(weights, earlier, later, boundaries[start : start + _CHUNK])
            for start in range(0, len(boundaries), _CHUNK)
        ]
    )
    window = np.ones(2 * NEIGHBOURS + 1)
    total = np.convolve(cohesion, window)[NEIGHBOURS : NEIGHBOURS + len(cohesion)]
    number = np.convolve(np.ones_like(cohesion), window)[NEIGHBOURS : NEIGHBOURS + len(cohesion)]
    relative: Floats = cohesion - total / number
    # In a short text few terms come twice, so that its boundaries differ much by little evidence.
    return relative * (USUAL_DEVIATION / max(float(relative.std()), USUAL_DEVIATION))


def _term_weights(ids: Ints) -> Floats:
    """For each token, how telling its term is: 0 for one that stands there once or everywhere."""
    _, term, counts = np.unique(ids, return_inverse=True, return_counts=True)
    common = max(COMMON_LEAST, COMMON_SHARE * len(ids))
    weights = np.where(counts > 1, np.maximum(0.0, np.log(common / counts)), 0.0)
    of_tokens: Floats = weights[term]
    return of_tokens


def _same_term(ids: Ints) -> tuple[Ints, Ints]:
    """For each token, where its term stands next before it (-1: nowhere) and behind it."""
    order = np.argsort(ids, kind="stable")
    same = ids[order][1:] == ids[order][:-1]
    earlier = np.full(len(ids), -1)
    later = np.full(len(ids), np.iinfo(np.int64).max)
    earlier[order[1:][same]] = order[:-1][same]
    later[order[:-1][same]] = order[1:][same]
    return earlier, later


def _cohesion(weights: Floats, earlier: Ints, later: Ints, boundaries: Ints) -> Floats:
    """Shared weight over the geometric mean of both windows' weights, each term counted once."""
    at = boundaries[:, None]
    # Near an end of the document both windows are as short as that end is near.
    reach = np.minimum(np.minimum(at, len(weights) - at), WINDOW_TOKENS)
    steps = np.arange(WINDOW_TOKENS)
    right = np.minimum(at + steps, len(weights) - 1)
    left = np.maximum(at - 1 - steps, 0)
    within = steps < reach
    first_in_right = within & (earlier[right] < at)
    last_in_left = within & (later[left] >= at)
    in_left_too = first_in_right & (earlier[right] >= at - reach)
    of_right = (weights[right] * first_in_right).sum(axis=1)
    of_left = (weights[left] * last_in_left).sum(axis=1)
    shared = (weights[right] * in_left_too).sum(axis=1)
    scale = np.sqrt(of_left * of_right)
    result: Floats = np.divide(shared, scale, out=np.zeros_like(shared), where=scale > 0)
    return result
