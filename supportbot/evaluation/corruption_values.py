"""Changes of one value: a number, a unit, a date, an amount of money."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

Chance = random.Random
Edit = tuple[int, int, str]  # (start, end, what takes the place of these characters)

_YEAR = "January February March April May June July August September October November December"
_MONTHS = _YEAR.split()
_WEEK = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"
_WEEKDAYS = _WEEK.split()
_COUNTING = "zero one two three four five six seven eight nine ten eleven twelve"
_WORDS = _COUNTING.split()
_UNITS = (
    ("second", "minute", "hour", "day", "week", "month", "year"),
    ("KB", "MB", "GB", "TB"),
    ("mg", "g", "kg"),
    ("mm", "cm", "m", "km"),
    ("inch", "foot", "mile"),
    ("ml", "litre"),
    ("million", "billion", "trillion"),
)
_MONEY = re.compile(
    r"(?P<symbol>[$£€])\s?(?P<amount>\d+(?:[.,]\d+)*)|"
    r"\b(?P<bare>\d+(?:[.,]\d+)*)\s(?:dollars|euros?|pounds|USD|EUR|GBP)\b"
)
_MONTH = "|".join(_MONTHS)
_DAY_OF_MONTH = re.compile(rf"(?:\b(?:{_MONTH})\s\d{{1,2}}\b|\b\d{{1,2}}\s(?:{_MONTH})\b)")
_DATE = re.compile(
    rf"\b(?P<month>{_MONTH})\b(?=\s\d)|(?<=\d\s)(?P<behind>{_MONTH})\b|"
    rf"\b(?:in|since|by|until|of|from|to)\s(?P<alone>{_MONTH})\b(?!\s[a-z])|"
    rf"\b(?P<weekday>{'|'.join(_WEEKDAYS)})s?\b|"
    r"(?<![\d.,$£€/:-])(?P<year>1[5-9]\d\d|20[0-4]\d)(?![\d/:-]|[.,]\d|\s?(?:%|percent|[A-Za-z]{1,2}\b))"
)
# Not part of a code, a version, a range, a time of day, a decade, a list number or an address.
_NUMBER = re.compile(r"(?<![\w.,$£€#/:@+=-])(?:\d{1,3}(?:,\d{3})+|\d{1,4}(?:\.\d+)?)(?!\d)")
_BEHIND_NUMBER = re.compile(r"[\w/:@°+(-]|\.\d|,\d|\)")
# A number beside a capital is mostly part of a name: “Form 1040”, “Question 3”, “404 Not Found”.
_NAMED_BEFORE = re.compile(
    r"(?:\b(?:version|step|section|chapter|article|part|page|number|no\.?|route|form|release|level"
    r"|class|type|error|code|figure|table|title|phase|port|option|line|item|value of)"
    r"|(?<!^)\b[A-Z][\w.]*)\s$"
)
_COUNTED = re.compile(
    r"\b(two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b(?=\s[a-z])"
)
_UNIT_NAMES = sorted({name for family in _UNITS for name in family}, key=len, reverse=True)
_UNIT = re.compile(
    r"(?<=[\d)])[\s-]?(?P<unit>(?:" + "|".join(_UNIT_NAMES) + r"))(?P<plural>s|es)?\b|"
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty|sixty|ninety)[\s-]"
    r"(?P<worded>second|minute|hour|day|week|month|year|mile)(?P<more>s)?\b"
)

# Behind a lower bound a smaller value is implied, behind an upper bound mostly a larger one.
_LOWER = re.compile(
    r"(?:at least|more than|over|minimum(?: of)?|from|above|exceed(?:s|ing)?|older than|longer than"
    r"|past|last|next|greater than|no less than|no fewer than|not less than|after)\s(?:[$£€])?$",
    re.IGNORECASE,
)
_UPPER = re.compile(
    r"(?:within|at most|under|less than|fewer than|below|no more than|not more than|no later than"
    r"|in|before|younger than|shorter than|first|around|about|nearly|almost"
    r"|approximately)\s(?:the\s)?(?:[$£€])?$",
    re.IGNORECASE,
)
_PERMITS = re.compile(r"\b(?:can|may|could|allowed|eligible|entitled)\b", re.IGNORECASE)


def numbers(text: str, chance: Chance) -> Iterator[Edit]:
    """Bare numbers and number words."""
    taken = [
        found.span()
        for pattern in (_MONEY, _DATE, _DAY_OF_MONTH)
        for found in pattern.finditer(text)
    ]
    for found in _NUMBER.finditer(text):
        start, end = found.span()
        if any(a <= start < b for a, b in taken) or start == 0:
            continue
        if _BEHIND_NUMBER.match(text[end : end + 2]) or re.match(r"\s[A-Z]", text[end:]):
            continue
        if _NAMED_BEFORE.search(text[:start]):
            continue
        yield start, end, _other_number(found[0], _direction(text, start), chance)
    for found in _COUNTED.finditer(text):
        value = _WORDS.index(found[1])
        way = _direction(text, found.start())
        smaller, larger = _WORDS[2:value], _WORDS[value + 1 :]
        choice = larger if way > 0 else smaller if way < 0 else smaller + larger
        if choice:
            yield found.start(), found.end(), chance.choice(choice)


def units(text: str, chance: Chance) -> Iterator[Edit]:
    """Units behind a number, changed for another of the same kind of quantity."""
    for found in _UNIT.finditer(text):
        group = "unit" if found["unit"] else "worded"
        name = found[group]
        family = next(family for family in _UNITS if name in family)
        place = family.index(name)
        way = _direction(text, _start_of_number(text, found.start(group)))
        near = [*family[max(0, place - 2) : place], *family[place + 1 : place + 3]]
        near = [n for n in near if not way or (family.index(n) - place) * way > 0]
        if near:
            yield found.start(group), found.end(group), chance.choice(near)


def dates(text: str, chance: Chance) -> Iterator[Edit]:
    """Months, days of the week and years."""
    for found in _DATE.finditer(text):
        group = found.lastgroup
        if group is None:
            continue
        value = found[group]
        if group == "year":
            way = _direction(text, found.start())
            step = chance.choice([1, 2, 3, 4, 6, 10])
            sign = way or chance.choice([-1, 1])
            other = str(int(value) + sign * step)
        else:
            names = _WEEKDAYS if group == "weekday" else _MONTHS
            other = chance.choice([name for name in names if name != value and name not in text])
        yield found.start(group), found.end(group), other


def money(text: str, chance: Chance) -> Iterator[Edit]:
    """Amounts with a currency."""
    for found in _MONEY.finditer(text):
        group = "amount" if found["amount"] else "bare"
        way = _direction(text, found.start())
        yield found.start(group), found.end(group), _other_number(found[group], way, chance)


def _direction(text: str, start: int) -> int:
    """+1 where only a larger value is surely false, -1 where only a smaller one is, 0 for both."""
    before = text[:start]
    if _LOWER.search(before):
        return 1
    if re.search(r"(?:up to|maximum(?: of)?)\s(?:[$£€])?$", before, re.IGNORECASE):
        return 1
    if _UPPER.search(before):
        return 1 if _PERMITS.search(text) else -1
    return 0


def _other_number(number: str, way: int, chance: Chance) -> str:
    """Another of the same form; at least a fifth away."""
    plain = number.replace(",", "")
    places = len(plain.partition(".")[2])
    value = float(plain)
    larger = [value * 1.5, value * 2, value * 3, value + 10 ** max(0, len(str(int(value))) - 1)]
    smaller = [value / 2, value * 0.6, value / 3]
    choice = larger if way > 0 else smaller if way < 0 else larger + smaller
    other = chance.choice(choice)
    for candidate in (other, *choice):
        shown = f"{candidate:,.{places}f}" if "," in number else f"{candidate:.{places}f}"
        if float(shown.replace(",", "")) not in {value, 0.0}:
            return shown
    return f"{value + (way or 1):.{places}f}"


def _start_of_number(text: str, end: int) -> int:
    found = re.search(r"[\w.,()]+[\s-]?$", text[:end])
    return found.start() if found else end
