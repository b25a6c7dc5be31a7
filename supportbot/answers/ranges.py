"""Whether a row is for the amount that is asked about: “£300” lies in “£250.01–£600”, “98.5” in
“95% to below 99%”."""

from __future__ import annotations

import re
from dataclasses import dataclass

_UNIT = r"(?:%|kg|g|km|cm|mm|ml|days?|weeks?|months?|years?|hours?|minutes?|gb|mb|tb|mbps)"
_AMOUNT = (
    rf"(?P<{{0}}sign>[£$€]?)\s?(?P<{{0}}number>\d[\d,]*(?:\.\d+)?)\s?(?P<{{0}}unit>{_UNIT}?)(?!\w)"
)
_LOW, _HIGH = _AMOUNT.format("low"), _AMOUNT.format("high")
_BETWEEN = re.compile(rf"{_LOW}\s*(?:to(?: below| under)?|-|–|—)\s*{_HIGH}", re.IGNORECASE)
_UP_TO = re.compile(
    rf"\b(?:up to|below|under|less than|at most|until|within)\s*{_HIGH}", re.IGNORECASE
)
_FROM = re.compile(
    rf"\b(?:over|above|more than|from|at least)\s*{_LOW}"
    rf"|{_AMOUNT.format('least')}\s*(?:or more|\+)",
    re.IGNORECASE,
)
_ASKED = re.compile(
    rf"(?<![\w.,-]){_AMOUNT.format('')}(?!\s*(?:(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
    r"[a-z]*\b|[.:]\d))",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?:19|20)\d\d")


@dataclass(frozen=True)
class Amount:
    """`unit` is a currency or the beginning of a unit; "" if there is none."""

    number: float
    unit: str


def amounts_in(text: str) -> list[Amount]:
    """The amounts of a question; no dates."""
    return [
        _amount(found["sign"], found["number"], found["unit"])
        for found in _ASKED.finditer(text)
        if found["sign"] or found["unit"] or not _YEAR.fullmatch(found["number"])
    ]


def is_in_range(cell: str, amounts: list[Amount]) -> bool | None:
    """Whether a cell's range holds one of the amounts; None if it has none, or of other units."""
    ranges = [found for part in re.split(r"\s+/\s+", cell) if (found := _range(part))]
    verdicts = [
        low <= amount.number <= high
        for low, high, unit in ranges
        for amount in amounts
        if amount.unit == unit or (not amount.unit and unit in {"", "%"})
    ]
    return any(verdicts) if verdicts else None


def _range(text: str) -> tuple[float, float, str] | None:
    """Its ends and their unit."""
    if found := _BETWEEN.search(text):
        low = _amount(found["lowsign"], found["lownumber"], found["lowunit"])
        high = _amount(found["highsign"], found["highnumber"], found["highunit"])
        return low.number, high.number, high.unit or low.unit
    if found := _UP_TO.search(text):
        high = _amount(found["highsign"], found["highnumber"], found["highunit"])
        return 0.0, high.number, high.unit
    if found := _FROM.search(text):
        name = "low" if found["lownumber"] else "least"
        low = _amount(found[f"{name}sign"], found[f"{name}number"], found[f"{name}unit"])
        return low.number, float("inf"), low.unit
    return None


def _amount(sign: str, number: str, unit: str) -> Amount:
    return Amount(float(number.replace(",", "")), sign or unit.lower().rstrip("s"))
