"""Near repeats go behind what says something new, so that a few passages say much."""

from __future__ import annotations

import re
from collections.abc import Sequence

from knowledge.terms import terms_of
from supportbot.retrieval.candidates import Candidate

SAME_SHARE = 0.9  # of the terms of both together
MOST = 10  # places that repeats are kept out of

# Words of denial, which as function words are no terms.
_DENIED = re.compile(r"\b(?:not|no|never|cannot|without|nor|\w+n['’]t)\b", re.IGNORECASE)


def diversified(order: Sequence[int], candidates: Sequence[Candidate], wanted: int) -> list[int]:
    """`order` with those that nearly repeat a better one moved behind the first `wanted`.

    Two passages repeat each other when they share nearly all terms (Jaccard) and neither a number
    nor a denial makes another statement of one: “within 14 days” and “within 30 days” are two.
    """
    first: list[int] = []
    repeats: list[int] = []
    for looked_at, at in enumerate(order):
        if len(first) == min(wanted, MOST):
            return [*first, *repeats, *order[looked_at:]]
        said = any(_repeats(candidates[at], candidates[other]) for other in first)
        (repeats if said else first).append(at)
    return [*first, *repeats]


def _repeats(one: Candidate, other: Candidate) -> bool:
    few, many = sorted((len(one.terms), len(other.terms)))
    if few < SAME_SHARE * many:  # so they cannot, and to say so takes no time
        return False
    both, either = len(one.terms & other.terms), len(one.terms | other.terms)
    if both < SAME_SHARE * either:
        return False
    if (_DENIED.search(one.text) is None) != (_DENIED.search(other.text) is None):
        return False
    different = _words(one) ^ _words(other)
    return not any(character.isdigit() for word in different for character in word)


def _words(candidate: Candidate) -> frozenset[str]:
    return frozenset(terms_of(candidate.text, candidate.locale).words)
