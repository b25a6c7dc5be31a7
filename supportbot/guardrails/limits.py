"""Whether a number is a limit: “up to 14 days”, “orders over £50”, “before 1 March”."""

from __future__ import annotations

import re

from supportbot.guardrails.quantities import DATA, Quantity

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
_NOUN = re.compile(
    r"\s*(?:[a-z]+\s){0,2}?(?=(?:or|and) (?:more|less|over|under|above|below)\b)", re.I
)
_BEGINS = frozenset({"date", "£", "€", "$"})  # “from” is a limit of these, not of times of day


def limit_of(quantity: Quantity, text: str) -> str:
    """One of MOST, LEAST, WITHIN (a soft upper end), ABOUT, NONE."""
    before, behind = text[: quantity.start], text[quantity.end :]
    behind = behind[found.end() :] if (found := _NOUN.match(behind)) else behind
    for name, rule in _BEHIND:
        if rule.match(behind):
            return name
    if quantity.kind in _BEGINS and _FROM.search(before) and not _RANGE.match(behind):
        return LEAST
    name = next((name for name, rule in _RULES if rule.search(before)), NONE)
    if name == NONE and _LATER.match(behind):
        return LEAST
    # “up to 3 days before” is “at least 3 days before”
    return LEAST if name == MOST and _AHEAD.match(behind) and _UP_TO.search(before) else name


def limits_agree(said: str, written: str) -> bool:
    """Whether a sentence may say a number with one limit where its source has the other."""
    soft = {NONE, WITHIN, ABOUT}
    return said == written or {said, written} <= soft or {said, written} == {MOST, WITHIN}
