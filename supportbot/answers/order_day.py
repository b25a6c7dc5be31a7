"""The day whose rules a question asks about: “I ordered on 27 Feb 2026” → 27 February 2026.

English only. A month without a day means its first day; a month without a year means the latest
one.
"""

from __future__ import annotations

import datetime as dt
import re

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?:,?\s+(?P<year>20\d\d))?"
_PATTERNS = [
    re.compile(rf"\b{_DAY}\s+(?:of\s+)?{_MONTH}\b{_YEAR}", re.IGNORECASE),
    re.compile(rf"\b{_MONTH}\s+{_DAY}\b{_YEAR}", re.IGNORECASE),
    re.compile(r"\b(?P<year>20\d\d)-(?P<month_number>\d\d)-(?P<day>\d\d)\b"),
    re.compile(rf"\b(?:in|of|since)\s+{_MONTH}\b{_YEAR}", re.IGNORECASE),
]
# The day of the order decides which rules apply.
_ORDERED = re.compile(
    r"\b(?:ordered|order(?: was)? (?:placed|from|of)|placed|bought|purchased|my order)\b",
    re.IGNORECASE,
)
_NEAR = 40  # characters between the two


def day_of_order(question: str, today: dt.date) -> dt.date | None:
    """The day of an order that the question mentions; None if it mentions none, or a day in the
    future."""
    ordered = _ORDERED.search(question)
    if ordered is None:
        return None
    for pattern in _PATTERNS:
        for match in pattern.finditer(question):
            if -_NEAR <= match.start() - ordered.end() <= _NEAR:
                day = _day(match, today)
                if day is not None and day <= today:
                    return day
    return None


def _day(match: re.Match[str], today: dt.date) -> dt.date | None:
    parts = match.groupdict()
    number = parts.get("month_number")
    month = int(number) if number else _MONTHS.index(parts["month"][:3].lower()) + 1
    day = int(parts.get("day") or 1)
    year = int(parts["year"]) if parts.get("year") else today.year
    try:
        found = dt.date(year, month, day)
        if not parts.get("year") and found > today:
            found = dt.date(year - 1, month, day)
    except ValueError:
        return None
    return found
