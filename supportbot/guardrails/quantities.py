"""Numbers, money, dates and times in a sentence, in one normal form each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
_VALUES = {word: float(value) for value, word in enumerate(_WORDS.split())} | {
    "twenty": 20.0,
    "thirty": 30.0,
    "forty": 40.0,
    "fifty": 50.0,
    "sixty": 60.0,
    "seventy": 70.0,
    "eighty": 80.0,
    "ninety": 90.0,
    "hundred": 100.0,
    "dozen": 12.0,
    "half": 0.5,
    "twice": 2.0,
    "thrice": 3.0,
    "single": 1.0,
}
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_ONES = "one|two|three|four|five|six|seven|eight|nine"
_FOREIGN = {  # number words of other languages that are no English words
    **dict(
        zip(
            ["zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn"],
            range(2, 11),
            strict=True,
        )
    ),
    **dict(
        zip(
            ["deux", "trois", "quatre", "cinq", "sept", "huit", "neuf", "dix"],
            (2, 3, 4, 5, 7, 8, 9, 10),
            strict=True,
        )
    ),
    **dict(
        zip(
            ["dos", "tres", "cuatro", "cinco", "siete", "ocho", "nueve", "diez"],
            (2, 3, 4, 5, 7, 8, 9, 10),
            strict=True,
        )
    ),
    "vierzehn": 14,
    "quatorze": 14,
    "catorce": 14,
    "dreißig": 30,
    "trente": 30,
    "treinta": 30,
    "quinze": 15,
    "quince": 15,
    "zwölf": 12,
    "douze": 12,
}
_DIGITS = r"\d{1,3}(?:[,.  ]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,]\d+)?"
_NUMBER_WORD = (
    rf"(?:(?:{_TENS})[- ](?:{_ONES})|(?:{_ONES}) (?:hundred|dozen)(?: and (?:{_TENS}|ten))?|"
    + "|".join(sorted({*_VALUES, *_FOREIGN}, key=len, reverse=True))
    + ")"
)
_TO = r"\s?(?:-|–|—|to|or|and|bis|à|a|y|et|und)\s?"
# unit → (how it is written, its dimension, its size in the dimension's base)
_UNITS: dict[str, tuple[str, str, float]] = {
    "working day": (r"(?:working|business|week)[ -]?days?|werktagen?|arbeitstagen?|jours ouvr(?:és|ables)|días (?:hábiles|laborables)", "working day", 1),
    "second": (r"seconds?|secs?", "duration", 1 / 86400),
    "minute": (r"minutes?|mins?|minuten?", "duration", 1 / 1440),
    "hour": (r"hours?|hrs?|stunden?|heures?|horas?", "duration", 1 / 24),
    "day": (r"(?:calendar |consecutive )?days?|tagen?|jours?|días?", "duration", 1),
    "night": (r"nights?", "night", 1),
    "week": (r"weeks?|wochen?|semaines?|semanas?", "duration", 7),
    "fortnight": (r"fortnights?", "duration", 14),
    "month": (r"months?|monaten?|mois|mes(?:es)?", "month", 1),
    "year": (r"years?|jahren?|ans?|années?|años?", "month", 12),
    "%": (r"%|per ?cent|percent|prozent", "%", 1),
    "kg": (r"kg|kilos?|kilograms?", "mass", 1000),
    "g": (r"g|grams?", "mass", 1),
    "km": (r"km|kilomet(?:re|er)s?", "length", 1000),
    "m": (r"m|met(?:re|er)s?", "length", 1),
    "cm": (r"cm|centimet(?:re|er)s?", "length", 0.01),
    "mm": (r"mm|millimet(?:re|er)s?", "length", 0.001),
    "mile": (r"miles?", "mile", 1),
    "litre": (r"l|lit(?:re|er)s?", "volume", 1000),
    "ml": (r"ml|millilit(?:re|er)s?", "volume", 1),
    "°C": (r"° ?C", "°C", 1),
    "°F": (r"° ?F", "°F", 1),
    "TB": (r"TB", "data", 1e6),
    "GB": (r"GB|gigabytes?", "data", 1e3),
    "MB": (r"MB|megabytes?", "data", 1),
    "Mbps": (r"Mbps|Mbit/s|megabits?", "speed", 1),
    "kWh": (r"kWh", "kWh", 1),
    "pound": (r"GBP|pounds?(?: sterling)?|quid", "£", 1),
    "pence": (r"p|pence|penny", "£", 0.01),
    "euro": (r"€|EUR|euros?", "€", 1),
    "dollar": (r"USD|dollars?", "$", 1),
    "cent": (r"cents?", "cent", 1),
    "times": (r"times", "times", 1),
}  # fmt: skip
_CURRENCY = {"£": "£", "€": "€", "$": "$", "CHF": "CHF", "¥": "¥", "zł": "zł"}
_MONTHS = {
    name: number
    for number, names in enumerate(
        [
            "january jan januar janvier enero",
            "february feb februar février febrero",
            "march mar märz mars marzo",
            "april apr avril abril",
            "may mai mayo",
            "june jun juni juin junio",
            "july jul juli juillet julio",
            "august aug août agosto",
            "september sep sept septembre septiembre",
            "october oct oktober octobre octubre",
            "november nov novembre noviembre",
            "december dec dezember décembre diciembre",
        ],
        start=1,
    )
    for name in names.split()
}
_WEEKDAYS = {
    name: number
    for number, names in enumerate(
        [
            "monday mondays",
            "tuesday tuesdays",
            "wednesday wednesdays",
            "thursday thursdays",
            "friday fridays",
            "saturday saturdays",
            "sunday sundays",
        ]
    )
    for name in names.split()
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_QUANTITY = re.compile(
    rf"(?P<date>(?:\b(?P<day1>\d{{1,2}})(?:st|nd|rd|th|\.)?(?: of)? (?P<month1>{_MONTH})\b\.?"
    rf"|\b(?P<month2>{_MONTH})\.? (?P<day2>\d{{1,2}})(?:st|nd|rd|th)?\b(?!:))(?:,? (?P<year>(?:19|20)\d\d))?)"
    r"|(?P<iso>\b(?:19|20)\d\d-\d\d-\d\d\b)"
    rf"|(?P<monthyear>\b(?P<month3>{_MONTH}) (?P<year3>(?:19|20)\d\d)\b)"
    rf"|(?P<clock>\b(?P<hour>\d{{1,2}})(?:[:.](?P<minute>\d\d))? ?(?P<half>[ap]\.?m\b\.?)|\b(?P<hour24>[01]?\d|2[0-4]):(?P<minute24>[0-5]\d)\b(?: ?uhr)?|\b(?P<spoken>\d{{1,2}}|{_NUMBER_WORD})(?: o['’]clock)? in the (?P<part>morning|afternoon|evening)\b|\b(?P<word>noon|midnight|midday)\b)"
    rf"|(?P<currency>[£€$¥]|\bCHF ?)\s?(?:(?P<price_from>{_DIGITS}){_TO}[£€$¥]?)?(?P<price>{_DIGITS})(?P<thousand>k\b)?"
    rf"|(?P<weekday>\b(?:{'|'.join(_WEEKDAYS)})\b)"
    rf"|(?<![\w.,-])(?:(?P<value_from>{_DIGITS}|{_NUMBER_WORD}){_TO})?(?P<value>{_DIGITS}|{_NUMBER_WORD}\b)[\s-]?"
    rf"(?:{'|'.join(f'(?P<unit{at}>{written})' for at, (written, _, _) in enumerate(_UNITS.values()))})(?![\w])"
    rf"|(?<![\w.,/-])(?P<bare>{_DIGITS})(?P<suffix>st|nd|rd|th)?(?![\w/]|[.,-]\d)"
    rf"|\b(?P<bareword>{_NUMBER_WORD})\b",
    re.IGNORECASE,
)  # fmt: skip
# “one” counts nothing in “one of these” and “this one”; the others seldom do.
_VAGUE = frozenset({"one", "single", "zero", "hundred", "second"})


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
            abs(mine - theirs) < 1e-6 for mine, theirs in zip(self.value, other.value, strict=True)
        )


def quantities_in(text: str) -> Iterator[Quantity]:
    """In reading order."""
    for match in _QUANTITY.finditer(text):
        kind, value, low = _read(match)
        for one in (low, value):  # a range has two
            if one:
                yield Quantity(kind, one, match.start(), match.end(), match.group().strip())


def _read(match: re.Match[str]) -> tuple[str, tuple[float, ...], tuple[float, ...]]:
    """(kind, value, the lower end of a range); () where there is none."""
    if match["date"]:
        month = _MONTHS[(match["month1"] or match["month2"]).lower()]
        return "date", (month, float(match["day1"] or match["day2"]), float(match["year"] or 0)), ()
    if match["iso"]:
        year, month, day = (float(part) for part in match["iso"].split("-"))
        return "date", (month, day, year), ()
    if match["monthyear"]:
        return "date", (_MONTHS[match["month3"].lower()], 0.0, float(match["year3"])), ()
    if match["clock"]:
        return "clock", (_minutes(match),), ()
    if match["weekday"]:
        return "weekday", (float(_WEEKDAYS[match["weekday"].lower()]),), ()
    if match["currency"]:
        value = _number(match["price"]) * (1000 if match["thousand"] else 1)
        low = (_number(match["price_from"]),) if match["price_from"] else ()
        return _CURRENCY[match["currency"].strip()], (value,), low
    if match["value"]:
        unit = next(at for at in range(len(_UNITS)) if match[f"unit{at}"])
        _, dimension, size = list(_UNITS.values())[unit]
        low = (_number(match["value_from"]) * size,) if match["value_from"] else ()
        return dimension, (_number(match["value"]) * size,), low
    if match["bare"]:
        return "", (_number(match["bare"]),), ()
    word = match["bareword"].lower()
    return "", () if word in _VAGUE else (_number(word),), ()


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
    if text in _VALUES:
        return _VALUES[text]
    if text in _FOREIGN:
        return float(_FOREIGN[text])
    if text[0].isdigit():
        return _digits(text)
    parts = [_VALUES[part] for part in re.split(r"[- ]|and", text) if part in _VALUES]
    if len(parts) >= 2 and parts[1] in (100.0, 12.0):
        return parts[0] * parts[1] + sum(parts[2:])
    return sum(parts)


def _digits(text: str) -> float:
    """“1,000”, “1.000”, “1 000” are a thousand; “3,95” and “3.950” are decimals."""
    text = text.replace(" ", "").replace(" ", "")
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", text):
        return float(text.replace(",", ""))
    if re.fullmatch(r"[1-9]\d{0,2}(?:\.\d{3}){2,}(?:,\d+)?", text):
        return float(text.replace(".", "").replace(",", "."))
    return (
        float(text.replace(",", "."))
        if text.count(",") + text.count(".") <= 1
        else float(re.sub(r"[.,](?=.*[.,])", "", text).replace(",", "."))
    )
