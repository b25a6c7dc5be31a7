"""What comes before what: “we order, then check the form” against “we order after the check”."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from supportbot.guardrails.lexicon import CLAUSE_STARTERS, COORDINATORS, NEGATIONS, SUBJECTS
from supportbot.guardrails.statements import Statement
from supportbot.guardrails.types import FACT, Finding
from supportbot.guardrails.words import LIGHT_STEMS, Word

Relation = tuple[frozenset[str], frozenset[str]]  # (stems of what is earlier, of what is later)
AFTER, BEFORE = frozenset({"after", "once"}), frozenset({"before", "until"})
UNTIL = frozenset({"until"})
THEN, AFTERWARDS = frozenset({"then"}), frozenset({"afterwards", "afterward", "later"})
_STOPS = frozenset(";.!?")
_UNSAYING = LIGHT_STEMS | AFTER | BEFORE | THEN | AFTERWARDS | {"first"}
SPANS, NEAR = frozenset({"until", "within", "by", "to", "from"}), 6
LEAST_SHARED = 3  # stems that two turned relations share
ALIKE = 0.6  # share of the smaller of two sets of stems that both have


def conflicts(said: Statement, theirs: Sequence[Relation]) -> Iterator[Finding]:
    """Two acts that the source, with these relations, has the other way round; at most one."""
    for earlier, later in relations(said):
        for first, second in theirs:
            shared = len(earlier & second) + len(later & first)
            turned = shared >= LEAST_SHARED and _alike(earlier, second) and _alike(later, first)
            if turned and not (_alike(earlier, first) and _alike(later, second)):
                words = said.words
                yield Finding(FACT, "order_differs", (words[0].start, words[-1].end))
                return


def relations_of_steps(steps: Sequence[Statement]) -> Iterator[Relation]:
    """Each step of a list is earlier than all after it."""
    for one, other in itertools.combinations(steps, 2):
        yield _content(one.words), _content(other.words)


def relations(statement: Statement) -> Iterator[Relation]:
    """In reading order; none where one side says nothing."""
    for is_stop, group in itertools.groupby(statement.words, lambda word: word.low in _STOPS):
        if is_stop:
            continue
        part = list(group)
        for at, word in enumerate(part):
            earlier, later = _sides(part, at, word.low)
            if (before := _content(earlier)) and (after := _content(later)):
                yield before, after


def _sides(part: Sequence[Word], at: int, low: str) -> tuple[Sequence[Word], Sequence[Word]]:
    """(what is earlier, what is later) by the word at this place; both empty if it orders
    nothing."""
    behind = part[at + 1].low if at + 1 < len(part) else ""
    if low in THEN or (low == "after" and behind in {"that", "this", "which"}):
        return part[:at], part[at + 1 :]
    if low in AFTERWARDS:
        start = max((n for n in range(at) if part[n].low in COORDINATORS), default=0)
        rest = part[at + 1 :] if start == 0 else ()
        return part[:start], [*part[start:at], *rest]
    is_up_to = low == "up" and behind == "to"
    if low in UNTIL and any(word.low in NEGATIONS for word in part[:at]):
        low = "after"  # “not until it is paid”
    elif (low in UNTIL or is_up_to) and any(c.isdigit() for w in part[at : at + 3] for c in w.low):
        return (), ()
    is_adverb = low == "once" and behind not in CLAUSE_STARTERS  # “once a year”
    if is_adverb or not (is_up_to or low in AFTER | BEFORE):
        return (), ()
    at += is_up_to
    if {word.low for word in part[max(0, at - NEAR) : at]} & SPANS:
        return (), ()  # “until midnight on the day after delivery”
    leads = not any(word.is_content for word in part[:at])
    borders = SUBJECTS | {","} if leads else {","}
    end = next((n for n in range(at + 3, len(part)) if part[n].low in borders), len(part))
    other = part[end:] if leads else part[:at]
    own = part[at + 1 : end]
    return (own, other) if low in AFTER else (other, own)


def _content(words: Sequence[Word]) -> frozenset[str]:
    return frozenset(word.stem for word in words if word.is_content) - _UNSAYING


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) >= ALIKE * min(len(one), len(other))
