"""Near repeats go behind what says something new, so that a few passages say much."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from knowledge.terms import terms_of
from supportbot.retrieval.candidates import Candidate

SAME_SHARE = 0.9  # of the words of both together
LOOKED_AT = 4  # times as many candidates as passages are wanted


def diversified(order: Sequence[int], candidates: Sequence[Candidate], wanted: int) -> list[int]:
    """`order` with those of the first `wanted` that nearly repeat a better one moved behind them.

    Two passages repeat each other when they share nearly all words (Jaccard), numbers included:
    “within 14 days” and “within 30 days” in short texts are two statements.
    """
    first: list[int] = []
    repeats: list[int] = []
    said: list[frozenset[str]] = []
    looked_at = 0
    for at in islice(order, LOOKED_AT * wanted):
        if len(first) == wanted:
            break
        looked_at += 1
        words = _words(candidates[at])
        if any(_repeats(words, other) for other in said):
            repeats.append(at)
        else:
            first.append(at)
            said.append(words)
    return [*first, *repeats, *order[looked_at:]]


def _repeats(words: frozenset[str], other: frozenset[str]) -> bool:
    both = len(words & other)
    numbers = {word for word in words ^ other if word.isdigit()}
    return not numbers and both >= SAME_SHARE * len(words | other) > 0


def _words(candidate: Candidate) -> frozenset[str]:
    return frozenset(terms_of(candidate.text, candidate.locale).words)
