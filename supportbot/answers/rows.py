"""A table row as a sentence: what the row is about, then the cells that the question asks for.

“| Most items, opened or not | 45 days | the day of delivery |” is said as “Most items, opened or
not: 45 days, counted from the day of delivery”.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from babel import Locale

from knowledge.terms import word_numbers
from knowledge.text.units import Cell, Unit
from supportbot.reader.answer_types import AnswerType, answer_type, holds

FEW_CELLS = 4  # a row with no more cells is quoted whole
MOST_VALUES = 4
OWN_SENTENCE = 5  # words; a cell this long needs no column heading
MOST_SUBJECTS = 3
SUBJECT_CHARACTERS = 90
LONG_LIST = 60  # characters; a longer list is cut to the part asked for
# Types that a cell states without its column heading: an amount, a duration, a time of day.
_SPEAKS = re.compile(
    r"[£$€¥]\s?\d"
    r"|\b\d+(?:\s?(?:to|-|–)\s?\d+)?\s(?:working )?(?:day|week|month|year|hour|minute)s?\b"
    r"|\d\s?(?:am|pm)\b|\bnext (?:working )?day\b",
    re.IGNORECASE,
)
_STREET = r"\d*\w? (?:\w+ ){1,3}(?:street|road|lane|avenue|way|square|place)\b"
_VALUE = re.compile(
    rf"^\W*(?:\d(?!{_STREET})|[£$€¥])"
    r"|^(?:yes|no|none|never|free|nothing|closed|n/?a|-|–)\b",
    re.IGNORECASE,
)
# A cell that is a value, not a note with one in it, such as “instead of £6.95”.
_TOLD_FIRST = re.compile(
    rf"{_VALUE.pattern}|^(?:from|up to|at (?:least|most)|about|over|under|until)\b", re.IGNORECASE
)
_SAYS_NOTHING = re.compile(r"^(?:see (?:above|below)|n/?a|\W+)$", re.IGNORECASE)
_FREE = re.compile(r"\bfree\b", re.IGNORECASE)
_FLAG = re.compile(r"^(?:yes|no|never|none|free|included|closed)\b", re.IGNORECASE)
_LEADS_ON = re.compile(
    r"\b(?:from|until|till|by|in|at|to|for|of|on|after|before|up to)$", re.IGNORECASE
)
_NAME = re.compile(
    r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|(?:Jan|Febr)uary|March|April|May|June|July|August"
    r"|(?:Septem|Octo|Novem|Decem)ber|UK\b|EU\b"
)
_AMOUNT = re.compile(r"(\d+(?:[.,]\d+)?)\s?(k(?:g|ilo)|l(?:it)?|g|m)", re.IGNORECASE)
_RANGE = re.compile(
    r"(?:(?P<low>\d+(?:\.\d+)?)\s*(?:to|-|–)\s*|up to\s*)"
    r"(?P<high>\d+(?:\.\d+)?)\s*(?P<unit>[a-z]+)",
    re.IGNORECASE,
)
_TERRITORIES = frozenset(Locale("en").territories.values())
_PLACES = sorted(
    {*_TERRITORIES, "Northern Ireland", "England", "Scotland", "Wales", "Great Britain"},
    key=len,
    reverse=True,
)
# “us” is no country unless it is written as one.
_PLACE = re.compile(
    rf"\b(?:(?i:UK|EU|USA|{'|'.join(map(re.escape, _PLACES))})|US)\b",
)
_SAME_PLACE = {"united kingdom": "uk", "united states": "usa", "us": "usa"}
_BESIDE_PLACE = re.compile(r"[\W_]*(?:mainland|republic|of|and|the|rest)?[\W_]*", re.IGNORECASE)
_LIST = re.compile(r"\s*,\s*(?:and\s+)?|\s+and\s+")


@dataclass(frozen=True)
class SaidRow:
    """`cells` are the texts of the cells that were used, unchanged."""

    text: str
    cells: tuple[str, ...]


def say_row(unit: Unit, question: str, text: str = "", locale: str = "en") -> SaidRow:
    """The row as a sentence that answers the question. `text` is the whole message, which may name
    amounts and things."""
    text = text or question
    asked = set(word_numbers(text, locale))
    wanted = answer_type(question)
    cells = [cell for cell in unit.cells if not _SAYS_NOTHING.match(cell.text)]
    subjects, others = _parted(cells)
    values = list(_of_asked_place(others, text))
    if banded := _band(values, text):
        values = banded
    elif named := _named_columns(values, asked, locale):
        values = named
    elif wanted is AnswerType.PLACE and len(subjects) > 1:
        values = []  # the subject is the name and the address
    elif len(values) > FEW_CELLS - 1:
        values = _chosen(values, asked, wanted, locale)
    elif wanted is AnswerType.MONEY and any(holds(wanted, cell.text) for cell in values):
        values = [cell for cell in values if _SPEAKS.search(cell.text) or _FREE.search(cell.text)]
    names = dict.fromkeys(_shortened(cell.text, asked, locale) for cell in subjects)
    subject = ", ".join(names)  # a zone that is one country is named once
    said = ", ".join(_say(cell, values) for cell in values)
    sentence = f"{subject}: {said}" if subject and said else subject or said
    return SaidRow(_ended(sentence), tuple(cell.text for cell in (*subjects, *values)))


def subject_of(unit: Unit) -> str:
    """What the row is about: “Express UK mainland”."""
    return " ".join(cell.text for cell in _parted(unit.cells)[0])


def _parted(cells: Sequence[Cell]) -> tuple[list[Cell], list[Cell]]:
    """The row in two parts: its subject (the cells before the first value) and the rest."""
    subjects: list[Cell] = []
    for cell in cells:
        characters = sum(len(one.text) for one in subjects)
        is_full = len(subjects) == MOST_SUBJECTS or (
            subjects and characters + len(cell.text) > SUBJECT_CHARACTERS
        )
        if is_full or (subjects and (_VALUE.match(cell.text) or _SPEAKS.search(cell.text))):
            break
        subjects.append(cell)
    if len(subjects) == len(cells) and len(cells) > 1:
        subjects = subjects[:1]
    return subjects, list(cells[len(subjects) :])


def _band(values: Sequence[Cell], question: str) -> list[Cell]:
    """The cell of the column whose range contains an amount of the question (“2 to 5 kg” contains
    “4 kilos”), with the cells after the ranges."""
    amounts = [(float(n.replace(",", ".")), u[0].lower()) for n, u in _AMOUNT.findall(question)]
    found = []
    for cell in values:
        band = _RANGE.search(cell.head)
        if band is None:
            continue
        low = float(band["low"] or 0)
        high, measure = float(band["high"]), band["unit"][0].lower()
        if any(low < amount <= high and measure == unit for amount, unit in amounts):
            found.append(cell)
    if not found:
        return []
    return [*found, *(c for c in values if not _RANGE.search(c.head))][:MOST_VALUES]


def _named_columns(values: Sequence[Cell], asked: set[int], locale: str) -> list[Cell]:
    """The cells of the columns that the question names, such as “Heron 0.9” next to “Heron 1.2”.
    None if it names no column."""
    heads = [set(word_numbers(cell.head, locale)) for cell in values]
    common = set.intersection(*heads) if len(heads) > 1 else set()
    if not common:
        return []
    fits = [len((head - common) & asked) for head in heads]
    best = max(fits)
    return [c for c, fit in zip(values, fits, strict=True) if fit == best] if best else []


def _of_asked_place(values: Sequence[Cell], text: str) -> Sequence[Cell]:
    """The cells without the columns of other places, where the text names the place of one:
    “Ireland” next to “UK” and “Northern Ireland, Isle of Man”."""
    asked = _places(text)
    heads = {id(cell): _places(cell.head) for cell in values if _is_place(cell.head)}
    if not any(head & asked for head in heads.values()):
        return values
    return [cell for cell in values if heads.get(id(cell), asked) & asked]


def _places(text: str) -> set[str]:
    names = (found[0].lower() for found in _PLACE.finditer(text))
    return {_SAME_PLACE.get(name, name) for name in names}


def _is_place(head: str) -> bool:
    """Whether a column heading names a place, or several, and nothing else."""
    others = _PLACE.sub(" ", head).split()
    is_alone = "," in head or all(_BESIDE_PLACE.fullmatch(word) for word in others)
    return is_alone and bool(_PLACE.search(head))


def _chosen(values: Sequence[Cell], asked: set[int], wanted: AnswerType, locale: str) -> list[Cell]:
    """The cells that the question names or asks for; the first ones if it names none."""

    is_price = wanted is AnswerType.MONEY and not asked & set(word_numbers("free", locale))

    def fit(cell: Cell) -> float:
        if is_price and _FREE.search(cell.head):
            return 0.0  # “Free delivery from: £150” is no price of delivery
        named = len(asked & set(word_numbers(cell.head, locale)))
        held = len(asked & set(word_numbers(cell.text, locale)))
        of_type = wanted is not AnswerType.ANYTHING and holds(wanted, f"{cell.head} {cell.text}")
        return 2 * named + held + (1.5 if of_type and wanted is not AnswerType.YES_NO else 0)

    fits = {id(cell): fit(cell) for cell in values}
    best = max(fits.values())
    if not best:
        return list(values[: FEW_CELLS - 1])
    named = [cell for cell in values if fits[id(cell)] >= max(1.0, best - 1)]
    if not any(_tells(cell) for cell in named):
        # They only say what the row is about, such as the places that it is for.
        named += [cell for cell in values if _tells(cell)]
    return named[:MOST_VALUES]


def _tells(cell: Cell) -> bool:
    return bool(_VALUE.match(cell.text) or _SPEAKS.search(cell.text))


def _say(cell: Cell, values: Sequence[Cell]) -> str:
    head = _lowered(cell.head)
    if not head or (cell.text[:1].isupper() and len(cell.text.split()) >= OWN_SENTENCE):
        return cell.text
    if _LEADS_ON.search(head) and not _FLAG.match(cell.text):
        return f"{head} {_lowered(cell.text)}"
    alike = sum(bool(_SPEAKS.search(other.text)) for other in values)
    if _SPEAKS.search(cell.text) and (alike == 1 or not _is_amount_among(cell, values)):
        return cell.text
    if _FLAG.match(cell.text) or cell.text[:1].islower():
        return f"{head}: {cell.text}"
    return f"{head} {cell.text}" if _VALUE.match(cell.text) else f"{head}: {cell.text}"


def _is_amount_among(cell: Cell, values: Sequence[Cell]) -> bool:
    """Whether another cell has a value of the same type, so that the column heading is needed."""
    kinds = [r"[£$€¥]", r"(?:day|week|month|year|hour|minute)s?\b", r"\d\s?(?:am|pm)\b"]
    mine = [kind for kind in kinds if re.search(kind, cell.text, re.IGNORECASE)]
    return any(
        re.search(kind, other.text, re.IGNORECASE)
        for kind in mine
        for other in values
        if other is not cell and _TOLD_FIRST.match(other.text)
    )


def _shortened(text: str, asked: set[int], locale: str) -> str:
    """The things in a long list that the question names; the whole list if it names none."""
    if len(text) <= LONG_LIST:
        return text
    named = [part for part in _LIST.split(text) if asked & set(word_numbers(part, locale))]
    return ", ".join(named) if named else text


def _lowered(text: str) -> str:
    """The text with a lower-case first letter, unless a name or abbreviation starts there."""
    first, _, rest = text.partition(" ")
    if _NAME.match(text) or _is_place(text) or rest[:1].isupper() or rest[:1].isdigit():
        return text
    return text[:1].lower() + text[1:] if first[1:].islower() or len(first) == 1 else text


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
