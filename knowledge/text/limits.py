"""Whether a number is a limit: “up to 14 days”, “orders over £50”, “before 1 March”.

`measures_in` reads a sentence's numbers with their limits and what else is said of them.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from knowledge.text.quantities import DATA, Quantity, quantities_in

MOST, LEAST, WITHIN, ABOUT, NONE = "most", "least", "within", "about", ""

_LIMITS = DATA["limits"]
_LEAD = r"(?:\s+(?:the|a|an|first|your|total|of|on|orders?|midday|midnight|next))*\s*$"
_NOT = re.compile(r"\(\?:no\|not\)|^not ")


def _in_front(names: list[str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(names)}){_LEAD}", re.IGNORECASE)


# Denied limits first: “not more than” holds “more than”.
_RULES = [
    (name, _in_front([one for one in _LIMITS[name] if bool(_NOT.match(one)) is denied]))
    for denied, names in ((True, (MOST, LEAST)), (False, (MOST, LEAST, WITHIN, ABOUT)))
    for name in names
]
_BEHIND = [
    (name, re.compile(rf"\s*(?:{'|'.join(_LIMITS[f'{name}_behind'])})", re.IGNORECASE))
    for name in (MOST, LEAST)
]
_FROM = re.compile(rf"\b(?:from|since){_LEAD}", re.IGNORECASE)
_RANGE = re.compile(r"\s*(?:to|until|–|-)(?!\w)")
_LATER = re.compile(r"\s*later\b", re.IGNORECASE)
_AHEAD = re.compile(r"\s*(?:before|beforehand|in advance|ahead|prior)\b", re.IGNORECASE)
_UP_TO = re.compile(rf"\b(?:up to|no(?:t)? later than|until){_LEAD}", re.IGNORECASE)
# “Book up to 30 days ahead” is at most, “cancel up to 30 days ahead” at least.
_BOOK = re.compile(r"\b(?:book(?:ed|ings?)?|reserved?|scheduled?)\b", re.IGNORECASE)
_NOUN = re.compile(
    r"\s*(?:[a-z]+\s){0,2}?(?=(?:or|and) (?:more|less|over|under|above|below)\b)", re.I
)
_NO_MEASURES = frozenset({"", "date", "clock", "weekday"})
_FIRM = {WITHIN: MOST, ABOUT: NONE}  # what a soft limit is to one who looks for contradictions
_DECIMALS = 9  # so that 60 minutes are an hour
_BEGINS = frozenset({"date", "£", "€", "$"})  # “from” is a limit of these, not of times of day


@dataclass(frozen=True, slots=True)
class Measure:
    """A number with its unit, or a range of them: `low` and `high` in the base of `unit`.

    `limit` is MOST for “up to” and the like, LEAST for “at least”, or NONE; `written` is how the
    number stands there, and `rest` the sentence without it and its limit.
    """

    unit: str
    low: float
    high: float
    limit: str
    written: str
    rest: str


def measures_in(sentence: str) -> Iterator[Measure]:
    """In reading order. Dates, times of day and bare numbers are none."""
    for _, same in itertools.groupby(quantities_in(sentence), lambda one: one.start):
        ends = list(same)
        first = ends[0]
        if first.kind in _NO_MEASURES:
            continue
        limit, (start, end), kept = _find(first, sentence)
        values = sorted(round(one.value[0], _DECIMALS) for one in ends)
        yield Measure(
            unit=first.kind,
            low=values[0],
            high=values[-1],
            limit=_FIRM.get(limit, limit),
            written=first.written,
            rest=f"{sentence[:start]} {kept} {sentence[end:]}",
        )


def limit_of(quantity: Quantity, text: str) -> str:
    """One of MOST, LEAST, WITHIN (a soft upper end), ABOUT, NONE."""
    return _find(quantity, text)[0]


def _find(quantity: Quantity, text: str) -> tuple[str, tuple[int, int], str]:
    """(the limit, the span of the number and the words that make it one, the noun in that span)"""
    before, behind = text[: quantity.start], text[quantity.end :]
    noun = found.group() if (found := _NOUN.match(behind)) else ""
    start, end = quantity.start, quantity.end
    behind = behind[len(noun) :]
    for name, rule in _BEHIND:
        if found := rule.match(behind):
            return name, (start, end + len(noun) + found.end()), noun
    if quantity.kind in _BEGINS and not _RANGE.match(behind) and (found := _FROM.search(before)):
        return LEAST, (found.start(), end), ""
    for name, rule in _RULES:
        if found := rule.search(before):
            # “up to 3 days before” is “at least 3 days before”
            is_ahead = name in {MOST, WITHIN} and _AHEAD.match(behind) and _UP_TO.search(before)
            clause = re.split(r"[,;:.]", before)[-1]
            turned = is_ahead and not _BOOK.search(clause)
            return LEAST if turned else name, (found.start(), end), ""
    if found := _LATER.match(behind):
        return LEAST, (start, end + len(noun) + found.end()), noun
    return NONE, (start, end), ""


def limits_agree(said: str, written: str) -> bool:
    """Whether a sentence may say a number with one limit where its source has the other."""
    soft = {NONE, WITHIN, ABOUT}
    return said == written or {said, written} <= soft or {said, written} == {MOST, WITHIN}
