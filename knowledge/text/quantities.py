"""Numbers, money, dates and times in a sentence, in one normal form each."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATA: dict[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
# words of four languages → their values
NUMBERS = {word: float(value) for word, value in DATA["numbers"].items()}
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_ONES = "one|two|three|four|five|six|seven|eight|nine"
_DIGITS = r"\d{1,3}(?:[,.\ \u202f]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,]\d+)?"
_NUMBER_WORD = (
    rf"(?:(?:{_TENS})[-\ ](?:{_ONES})|(?:{_ONES})\ (?:hundred|dozen)(?:\ and\ (?:{_TENS}|ten))?|"
    + "|".join(sorted(NUMBERS, key=len, reverse=True))
    + ")"
)
_TO = r"\s?(?:-|–|—|to|or|and|bis|à|a|y|et|und)\s?"
# (pattern, dimension, size in the base of the dimension)
_UNITS: list[tuple[str, str, float]] = [
    (written.replace(" ", r"\ "), dimension, float(size))
    for written, dimension, size in DATA["units"].values()
]
_CURRENCY = {"£": "£", "€": "€", "$": "$", "CHF": "CHF", "¥": "¥", "zł": "zł"}
_MONEY = frozenset(_CURRENCY.values())
_MONTHS = {
    name: number
    for number, names in enumerate(DATA["dates"]["months"], start=1)
    for name in names.split()
}
_WEEKDAYS = {
    name: number for number, names in enumerate(DATA["dates"]["weekdays"]) for name in names.split()
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_ANY_UNIT = "|".join(f"(?P<unit{at}>{written})" for at, (written, _, _) in enumerate(_UNITS))
_QUANTITY = re.compile(
    rf"""
    (?P<date>
        (?: \b(?P<day1>\d{{1,2}})(?:st|nd|rd|th|\.)?(?:\ of)?\ (?P<month1>{_MONTH})\b\.?
          | \b(?P<month2>{_MONTH})\.?\ (?P<day2>\d{{1,2}})(?:st|nd|rd|th)?\b(?!:) )
        (?:,?\ (?P<year>(?:19|20)\d\d))? )
    | (?P<iso>\b(?:19|20)\d\d-\d\d-\d\d\b)
    | (?P<month_year>\b(?P<month3>{_MONTH})\ (?P<year3>(?:19|20)\d\d)\b)
    | (?P<clock>
        \b(?P<hour>\d{{1,2}})(?:[:.](?P<minute>\d\d))?\ ?(?P<half>[ap]\.?m\b\.?)
      | \b(?P<hour24>[01]?\d|2[0-4]):(?P<minute24>[0-5]\d)\b(?:\ ?uhr)?
      | \b(?P<spoken>\d{{1,2}}|{_NUMBER_WORD})(?:\ o['’]clock)?
        \ in\ the\ (?P<part>morning|afternoon|evening)\b
      | \b(?P<word>noon|midnight|midday)\b )
    | (?P<currency>[£€$¥]|\bCHF\ ?)\s?
      (?:(?P<price_from>{_DIGITS}){_TO}[£€$¥]?)?(?P<price>{_DIGITS})(?P<thousand>k\b)?
    | (?P<weekday>\b(?:{"|".join(_WEEKDAYS)})\b)
    | (?<![\w.,-])(?:(?P<value_from>{_DIGITS}|{_NUMBER_WORD}){_TO})??
      (?P<value>{_DIGITS}|{_NUMBER_WORD}\b)[\s-]?(?:{_ANY_UNIT})(?!\w)
    | (?<![\w.,/-])(?P<bare>{_DIGITS})(?:st|nd|rd|th)?(?![\w/]|[.,-]\d)
    | \b(?P<bare_word>{_NUMBER_WORD})\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
# “one” counts nothing in “one of these” and “this one”; the others seldom do.
_VAGUE = frozenset(
    {"one", "single", "zero", "hundred", "eine", "einem", "einen", "einer", "une", "un", "una"}
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """`kind` is a dimension (duration, £, %, date, clock, weekday, …) or "" for a bare number.
    `value` is in the dimension's base: days, months, grams, metres. Dates are (month, day, year)
    with 0 for what is not said."""

    kind: str
    value: tuple[float, ...]
    start: int
    end: int
    written: str

    def equals(self, other: Quantity) -> bool:
        if self.kind == other.kind == "date":
            return all(
                mine == theirs or not (mine and theirs)
                for mine, theirs in zip(self.value, other.value, strict=True)
            )
        if self.kind and other.kind and self.kind != other.kind:
            return False
        return len(self.value) == len(other.value) and all(
            math.isclose(mine, theirs, abs_tol=1e-6)
            for mine, theirs in zip(self.value, other.value, strict=True)
        )


def quantities_in(text: str) -> Iterator[Quantity]:
    """In reading order."""
    for match in _QUANTITY.finditer(text):
        kind, value, low = _read(match)
        for one in (low, value):  # a range has two
            if one:
                yield Quantity(kind, one, match.start(), match.end(), match.group().strip())


def largest_amount(text: str) -> float:
    """Of money, whatever its currency; 0 if there is none."""
    money = (one.value[0] for one in quantities_in(text) if one.kind in _MONEY)
    return max(money, default=0.0)


_Value = tuple[float, ...]


def _read(match: re.Match[str]) -> tuple[str, _Value, _Value]:
    """(kind, value, the lower end of a range); () where there is none."""
    for group, read in _READERS.items():
        if match[group]:
            return read(match)
    raise AssertionError("unreachable")


def _date(match: re.Match[str]) -> tuple[str, _Value, _Value]:
    month = _MONTHS[(match["month1"] or match["month2"]).lower()]
    return "date", (month, float(match["day1"] or match["day2"]), float(match["year"] or 0)), ()


def _iso_date(match: re.Match[str]) -> tuple[str, _Value, _Value]:
    year, month, day = (float(part) for part in match["iso"].split("-"))
    return "date", (month, day, year), ()


def _money(match: re.Match[str]) -> tuple[str, _Value, _Value]:
    value = _number(match["price"]) * (1000 if match["thousand"] else 1)
    low = (_number(match["price_from"]),) if match["price_from"] else ()
    return _CURRENCY[match["currency"].strip()], (value,), low


def _measure(match: re.Match[str]) -> tuple[str, _Value, _Value]:
    unit = next(at for at in range(len(_UNITS)) if match[f"unit{at}"])
    _, dimension, size = _UNITS[unit]
    low = (_number(match["value_from"]) * size,) if match["value_from"] else ()
    return dimension, (_number(match["value"]) * size,), low


def _word(match: re.Match[str]) -> tuple[str, _Value, _Value]:
    word = match["bare_word"].lower()
    return "", () if word in _VAGUE else (_number(word),), ()


_READERS: dict[str, Callable[[re.Match[str]], tuple[str, _Value, _Value]]] = {
    "date": _date,
    "iso": _iso_date,
    "month_year": lambda m: ("date", (_MONTHS[m["month3"].lower()], 0.0, float(m["year3"])), ()),
    "clock": lambda match: ("clock", (_minutes(match),), ()),
    "weekday": lambda match: ("weekday", (float(_WEEKDAYS[match["weekday"].lower()]),), ()),
    "currency": _money,
    "value": _measure,
    "bare": lambda match: ("", (_number(match["bare"]),), ()),
    "bare_word": _word,
}


def _minutes(match: re.Match[str]) -> float:
    if match["word"]:
        return 0.0 if match["word"].lower() == "midnight" else 720.0
    if match["spoken"]:
        return (
            _number(match["spoken"]) % 12 + (0 if match["part"].lower() == "morning" else 12)
        ) * 60
    if match["hour24"]:
        return float(match["hour24"]) * 60 + float(match["minute24"])
    hour = int(match["hour"]) % 12 + (12 if match["half"].lower().startswith("p") else 0)
    return hour * 60.0 + float(match["minute"] or 0)


def _number(text: str) -> float:
    text = text.lower()
    if text in NUMBERS:
        return NUMBERS[text]
    if text[0].isdigit():
        return _digits(text)
    parts = [NUMBERS[part] for part in re.split(r"[- ]|and", text) if part in NUMBERS]
    first, second, *rest = parts if len(parts) > 1 else [*parts, 0.0]
    if second in {NUMBERS["hundred"], NUMBERS["dozen"]}:
        return first * second + sum(rest)
    return first + second + sum(rest)


def _digits(text: str) -> float:
    """“1,000”, “1.000”, “1 000” are a thousand; “3,95” and “3.950” are decimals."""
    text = re.sub(r"\s", "", text)
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", text):
        return float(text.replace(",", ""))
    if re.fullmatch(r"[1-9]\d{0,2}(?:\.\d{3}){2,}(?:,\d+)?", text):
        return float(text.replace(".", "").replace(",", "."))
    return (
        float(text.replace(",", "."))
        if text.count(",") + text.count(".") <= 1
        else float(re.sub(r"[.,](?=.*[.,])", "", text).replace(",", "."))
    )
