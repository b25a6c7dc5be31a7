"""Numbers with a unit in a sentence: “within 14 days”, “£3.95”, “two to three weeks”."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# unit → how it is written behind a number
_UNITS = {
    "working day": r"(?:working|business)[ -]days?",
    "day": r"(?:calendar )?days?",
    "week": r"weeks?",
    "month": r"months?",
    "year": r"years?",
    "hour": r"hours?|hrs?",
    "minute": r"minutes?|mins?",
    "second": r"seconds?|secs?",
    "%": r"%|per ?cent",
    "kg": r"kg|kilos?|kilograms?",
    "g": r"g|grams?",
    "km": r"km|kilomet(?:re|er)s?",
    "m": r"m|met(?:re|er)s?",
    "cm": r"cm|centimet(?:re|er)s?",
    "mm": r"mm|millimet(?:re|er)s?",
    "litre": r"l|lit(?:re|er)s?",
    "ml": r"ml|millilit(?:re|er)s?",
    "°C": r"° ?C",
    "°F": r"° ?F",
    "bar": r"bars?",
    "kW": r"kW",
    "W": r"W|watts?",
    "V": r"V|volts?",
    "TB": r"TB",
    "GB": r"GB",
    "MB": r"MB",
    "KB": r"KB",
    "time": r"times",
    "attempt": r"attempts|tries",
    "item": r"items",
    "person": r"people|persons",
    "user": r"users|seats",
    "character": r"characters",
    "page": r"pages",
    "£": r"GBP|pounds",
    "€": r"EUR|euros?",
    "$": r"USD|dollars?",
}
_OF_ANOTHER_UNIT = {"week": ("day", 7)}  # “two weeks” are “14 days”
_WORDS = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
_VALUES = {word: value for value, word in enumerate(_WORDS.split(), start=1)} | {
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "ninety": 90,
}
_DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_NUMBER = f"{_DIGITS}|{'|'.join(_VALUES)}"
_TO = r"\s?(?:-|–|—|to|or|and)\s?"
_MEASURE = re.compile(
    rf"(?<![\w.,£€$-])(?:"
    rf"(?P<currency>[£€$])\s?(?P<price>{_DIGITS})(?:{_TO}[£€$]?(?P<price_to>{_DIGITS}))?(?![\w%])"
    rf"|(?P<value>{_NUMBER})(?:{_TO}(?P<value_to>{_NUMBER}))?[\s-]?"
    rf"(?:{'|'.join(f'(?P<unit{at}>{written})' for at, written in enumerate(_UNITS.values()))})"
    r"(?!\w))",
    re.IGNORECASE,
)
_AT_MOST = re.compile(
    r"(?:up to|within|at most|no(?:t)? more than|maximum(?: of)?|max\.?|less than|fewer than|under"
    r"|below|until|by|no later than|not exceed(?:ing)?)\s*(?:the first\s*)?$",
    re.IGNORECASE,
)
_AT_LEAST = re.compile(
    r"(?:at least|minimum(?: of)?|min\.?|more than|over|above|exceed(?:s|ing)?|no(?:t)? less than"
    r"|from|after)\s*$",
    re.IGNORECASE,
)
_OR_LESS = re.compile(r"^\s*(?:or|and) (?:less|fewer|under|below|sooner)\b", re.IGNORECASE)
_OR_MORE = re.compile(r"^\s*(?:or|and) (?:more|over|above|longer|later|up)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Measure:
    """A number with its unit; `low` and `high` differ for a range.

    `bound` is “most” for “up to” and the like, “least” for “at least”, or empty; `written` is how
    the number stands there, and `rest` what is left of the sentence.
    """

    unit: str
    low: float
    high: float
    bound: str
    written: str
    rest: str


def measures_in(sentence: str) -> Iterator[Measure]:
    """In reading order."""
    for match in _MEASURE.finditer(sentence):
        unit, low, high = _value_of(match)
        before, behind = sentence[: match.start()], sentence[match.end() :]
        bound = ""
        for word, in_front, after in (("most", _AT_MOST, _OR_LESS), ("least", _AT_LEAST, _OR_MORE)):
            if found := in_front.search(before):
                bound, before = word, before[: found.start()]
                break
            if found := after.match(behind):
                bound, behind = word, behind[found.end() :]
                break
        yield Measure(unit, low, high, bound, match.group().strip(), f"{before} {behind}")


def _value_of(match: re.Match[str]) -> tuple[str, float, float]:
    """(unit, low, high)"""
    if match["currency"]:
        unit, first, last = match["currency"], match["price"], match["price_to"]
    else:
        unit = next(name for at, name in enumerate(_UNITS) if match[f"unit{at}"])
        first, last = match["value"], match["value_to"]
    numbers = sorted(_number(text) for text in (first, last) if text)
    unit, factor = _OF_ANOTHER_UNIT.get(unit, (unit, 1))
    return unit, numbers[0] * factor, numbers[-1] * factor


def _number(text: str) -> float:
    text = text.lower()
    return float(_VALUES[text]) if text in _VALUES else float(text.replace(",", ""))
