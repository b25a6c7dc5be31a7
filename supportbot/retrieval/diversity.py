"""Moves near repeats behind passages that say something new."""

from __future__ import annotations

import re
from collections.abc import Sequence

from knowledge.terms import terms_of
from supportbot.retrieval.candidates import Candidate

SAME_SHARE = 0.9  # two passages repeat each other if they share this much of their terms
MAX_DIVERSIFIED = 10  # first places without repeats

# Negations are function words, so they are not among the terms.
_NEGATION = re.compile(r"\b(?:not|no|never|cannot|without|nor|\w+n['’]t)\b", re.IGNORECASE)


def diversified(order: Sequence[int], candidates: Sequence[Candidate], limit: int) -> list[int]:
    """`order` (indices of candidates), with near repeats of a better passage moved behind the first
    `limit`, at most MAX_DIVERSIFIED.

    Two passages repeat each other if they share nearly all terms (Jaccard) and differ in no number
    and no negation: “within 14 days” and “within 30 days” are two statements.
    """
    first: list[int] = []
    repeats: list[int] = []
    for place, at in enumerate(order):
        if len(first) == min(limit, MAX_DIVERSIFIED):
            return [*first, *repeats, *order[place:]]
        is_repeat = any(_repeats(candidates[at], candidates[other]) for other in first)
        (repeats if is_repeat else first).append(at)
    return [*first, *repeats]


def _repeats(one: Candidate, other: Candidate) -> bool:
    few, many = sorted((len(one.terms), len(other.terms)))
    if few < SAME_SHARE * many:  # cannot be enough; saves the comparison
        return False
    both, either = len(one.terms & other.terms), len(one.terms | other.terms)
    if both < SAME_SHARE * either:
        return False
    if (_NEGATION.search(one.text) is None) != (_NEGATION.search(other.text) is None):
        return False
    different = _words(one) ^ _words(other)
    return not any(character.isdigit() for word in different for character in word)


def _words(candidate: Candidate) -> frozenset[str]:
    return frozenset(terms_of(candidate.text, candidate.locale).words)
