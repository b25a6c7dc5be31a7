"""What the relevance of a unit is judged by."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from knowledge.terms import word_numbers
from knowledge.text.units import Form, Unit, units_of
from supportbot.reader.answer_types import AnswerType, answer_type, holds
from supportbot.reader.names import Names, asked_names, compared

Floats = npt.NDArray[np.float64]

UNIT_FEATURES = (
    "cosine",
    "heading",
    "passage",
    "overlap",
    "overlap_above",
    "neighbours",
    "type_held",
    "type_missing",
    "question",
    "repeats",
    "short",
    "row",
    "step",
    "name_same",
    "name_other",
)
# Kinds of answer that are not told by what a text holds.
UNTYPED = {AnswerType.ANYTHING, AnswerType.YES_NO, AnswerType.HOW_TO}
SHORT = 25  # characters: fewer seldom say anything
LEAST_MISSPELT = 4  # letters of a word that may be misspelt
LIKENESS = 0.75  # of two words, one of which is a misspelling: 1 less the share of changed letters
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Asked:
    """A question as the reader takes it. `vector` has length 1; `idf` holds the inverse document
    frequency of its terms; `part` is the one that is to be answered of several in the text."""

    text: str
    vector: npt.NDArray[np.float32]
    idf: Mapping[int, float]
    locale: str = "en"
    part: str = ""


@dataclass(frozen=True)
class Read:
    """A passage as the reader takes it. `vectors` are those of `knowledge.text.unit_texts`, of
    length 1: first what stands above it, then its units. `score` is a cosine."""

    context: str
    text: str
    vectors: npt.NDArray[np.float32]
    score: float
    locale: str = "en"
    units: tuple[Unit, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "units", units_of(self.text))


def unit_features(asked: Asked, passages: Sequence[Read]) -> Floats:
    """(units of all passages in order, UNIT_FEATURES).

    cosine: of the question and the unit behind its title and heading. heading: of the question and
    what stands above the passage. passage: the passage's own score. overlap: the share of the
    question's terms, by the square of their rarity, that the unit holds; overlap_above: the same
    with title and headings. neighbours: the best cosine of the unit before and behind. type_held,
    type_missing: whether it has what such an answer consists of. question: it asks itself, as in a
    FAQ. repeats: the share of its terms that are the question's. short, row, step: its form.
    name_same, name_other: it is about the thing that the question names, or about its sibling
    (supportbot.reader.names).
    """
    wanted = answer_type(asked.part or asked.text)
    weight = {term: idf**2 for term, idf in _spelt_right(asked, passages).items()}
    names = asked_names(asked.text, [f"{p.context}\n{p.text}" for p in passages])
    rows = [row for passage in passages for row in _rows(asked, wanted, weight, names, passage)]
    return np.array(rows, dtype=np.float64).reshape(-1, len(UNIT_FEATURES))


def _spelt_right(asked: Asked, passages: Sequence[Read]) -> Mapping[int, float]:
    """The question's terms, those that no passage here has replaced by the one that is spelt most
    alike: “waranty” by “warranty”."""
    words = {word.lower() for word in _WORD.findall(asked.text)}
    here: set[str] = set()
    for passage in passages:
        here |= _words(passage.context) | _words(passage.text)
    result = dict(asked.idf)
    for word in words - here:
        numbers = _terms(word, asked.locale)
        if len(word) < LEAST_MISSPELT or not numbers & result.keys():
            continue
        if any(_terms(other, asked.locale) & numbers for other in _near(word, here)):
            continue
        found = process.extractOne(word, here, scorer=DamerauLevenshtein.normalized_similarity)
        if found is not None and found[1] >= LIKENESS:
            idf = max(result.pop(number, 0.0) for number in numbers)
            result |= dict.fromkeys(_terms(found[0], asked.locale), idf)
    return result


def _near(word: str, here: set[str]) -> list[str]:
    """Words that begin alike, among which other forms of the same word are."""
    return [other for other in here if other[:3] == word[:3]]


@functools.lru_cache(maxsize=4096)
def _words(text: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORD.findall(text))


def _rows(
    asked: Asked,
    wanted: AnswerType,
    weight: Mapping[int, float],
    names: Names,
    passage: Read,
) -> list[tuple[float, ...]]:
    cosines = (passage.vectors @ asked.vector).tolist()
    heading, cosines = cosines[0], cosines[1:]
    above = _terms(passage.context, passage.locale)
    total = sum(weight.values()) or 1.0
    rows: list[tuple[float, ...]] = []
    for at, unit in enumerate(passage.units):
        text = f"{unit.lead} {unit.text}" if unit.lead else unit.text
        terms = _terms(text, passage.locale)
        with_above = terms | above | _terms(unit.heading, passage.locale)
        is_held = holds(wanted, text)
        is_typed = wanted not in UNTYPED
        named = compared(names, text, f"{unit.heading}\n{passage.context}")
        beside = [*cosines[max(0, at - 1) : at], *cosines[at + 1 : at + 2]]
        rows.append(
            (
                cosines[at],
                heading,
                passage.score,
                sum(weight.get(term, 0.0) for term in terms) / total,
                sum(weight.get(term, 0.0) for term in with_above) / total,
                max(beside, default=cosines[at]),
                float(is_typed and is_held),
                float(is_typed and not is_held),
                float(unit.text.endswith("?")),
                len(terms & weight.keys()) / (len(terms) or 1),
                float(len(text) < SHORT),
                float(unit.form is Form.ROW),
                float(unit.form is Form.STEP),
                float(named > 0),
                float(named < 0),
            )
        )
    return rows


@functools.lru_cache(maxsize=20_000)
def _terms(text: str, locale: str) -> frozenset[int]:
    return frozenset(word_numbers(text, locale))
