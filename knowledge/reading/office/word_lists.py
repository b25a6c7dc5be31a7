"""Numbering in DOCX: which paragraphs are list items, and the number Word shows before each."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml import etree

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
VAL = f"{W}val"
MAX_LEVEL = 8
_MOST_ROMAN = 9999  # a list of so many items has lost its count
_ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l")),
    *((40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)


@dataclass(frozen=True)
class Label:
    """`number` is set where Markdown can show the label itself; `text` is what Word shows."""

    level: int
    text: str = ""
    number: int | None = None


@dataclass(frozen=True)
class _Level:
    format: str
    pattern: str
    start: int


@dataclass
class Numbering:
    """Counts as Word does: a level's counter goes on until a paragraph of a higher level."""

    _levels: dict[str, dict[int, _Level]] = field(default_factory=dict)  # by abstract number
    _abstract: dict[str, str] = field(default_factory=dict)  # of a number
    _restarts: dict[str, dict[int, int]] = field(default_factory=dict)
    _counters: dict[str, dict[int, int]] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)

    @classmethod
    def from_xml(cls, root: etree._Element | None) -> Numbering:
        numbering = cls()
        if root is None:
            return numbering
        for abstract in root.findall(f"{W}abstractNum"):
            key = abstract.get(f"{W}abstractNumId", "")
            numbering._levels[key] = {
                whole(level.get(f"{W}ilvl")): _read_level(level)
                for level in abstract.findall(f"{W}lvl")
            }
        for entry in root.findall(f"{W}num"):
            key = entry.get(f"{W}numId", "")
            numbering._abstract[key] = value_of(entry, "abstractNumId")
            numbering._restarts[key] = {
                whole(override.get(f"{W}ilvl")): whole(value_of(override, "startOverride"), 1)
                for override in entry.findall(f"{W}lvlOverride")
                if override.find(f"{W}startOverride") is not None
            }
        return numbering

    def next_label(self, number_id: str, level: int) -> Label | None:
        """The label of the next paragraph of a list; None when the paragraph has none."""
        abstract = self._abstract.get(number_id)
        if abstract is None or number_id == "0":
            return None
        level = min(max(level, 0), MAX_LEVEL)
        form = self._levels.get(abstract, {}).get(level, _Level("bullet", "", 1))
        counters = self._count(abstract, number_id, level)
        if form.format in ("bullet", "none"):
            return Label(level) if form.format == "bullet" else None
        text = re.sub(r"%(\d)", lambda found: self._shown(abstract, found, counters), form.pattern)
        simple = form.format == "decimal" and re.fullmatch(r"\s*%\d[.):]?\s*", form.pattern)
        return Label(level, text.strip(), counters[level] if simple else None)

    def _count(self, abstract: str, number_id: str, level: int) -> dict[int, int]:
        counters = self._counters.setdefault(abstract, {})
        if number_id not in self._seen:
            self._seen.add(number_id)
            for restarted, start in self._restarts.get(number_id, {}).items():
                counters[restarted] = start - 1
        start = self._level(abstract, level).start
        counters[level] = counters.get(level, start - 1) + 1
        for below in [key for key in counters if key > level]:
            del counters[below]
        return counters

    def _level(self, abstract: str, level: int) -> _Level:
        return self._levels.get(abstract, {}).get(level, _Level("decimal", "", 1))

    def _shown(self, abstract: str, found: re.Match[str], counters: dict[int, int]) -> str:
        level = int(found.group(1)) - 1
        form = self._level(abstract, level)
        return _write(counters.get(level, form.start), form.format)


def _read_level(level: etree._Element) -> _Level:
    return _Level(
        format=value_of(level, "numFmt") or "decimal",
        pattern=value_of(level, "lvlText"),
        start=whole(value_of(level, "start"), 1),
    )


def _write(number: int, form: str) -> str:
    if form in ("lowerLetter", "upperLetter") and number > 0:
        letter = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)
        return letter if form == "lowerLetter" else letter.upper()
    if form in ("lowerRoman", "upperRoman"):
        roman = _roman(number)
        return roman if form == "lowerRoman" else roman.upper()
    return f"{number:02}" if form == "decimalZero" else str(number)


def _roman(number: int) -> str:
    number = min(number, _MOST_ROMAN)
    written = ""
    for value, letters in _ROMAN:
        while number >= value:
            written += letters
            number -= value
    return written


def value_of(element: etree._Element, name: str) -> str:
    found = element.find(f"{W}{name}")
    return "" if found is None else found.get(VAL, "")


def whole(value: str | None, default: int = 0) -> int:
    return int(value) if value is not None and re.fullmatch(r"\d{1,9}", value) else default
