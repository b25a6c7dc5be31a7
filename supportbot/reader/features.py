"""The features that the relevance of a unit is scored by."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from knowledge.terms import word_numbers
from knowledge.text.units import Form, Unit, units_of
from supportbot.reader.answer_types import AnswerType, answer_type, holds
from supportbot.reader.main_verbs import main_verbs
from supportbot.reader.sibling_names import Names, compare_names, names_in_question

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
# Types that cannot be recognised by what a text contains.
UNTYPED = {AnswerType.ANYTHING, AnswerType.YES_NO, AnswerType.HOW_TO}
DOES = 3.0  # weight of what the customer wants to do, beside its idf
SHORT = 25  # characters; a shorter unit seldom says anything


@dataclass(frozen=True)
class ReaderQuestion:
    """A question for the reader. `vector` has length 1; `idf` maps the number of each of its terms
    to its inverse document frequency. If the text asks several questions, `part` is the one to
    answer."""

    text: str
    vector: npt.NDArray[np.float32]
    idf: Mapping[int, float]
    locale: str = "en"
    part: str = ""


@dataclass(frozen=True)
class ReaderPassage:
    """A passage for the reader. `vectors` has a row of length 1 for each of
    `knowledge.text.units.unit_texts`: title and headings first, then the units. `score` is the
    passage's cosine to the question."""

    context: str
    text: str
    vectors: npt.NDArray[np.float32]
    score: float
    locale: str = "en"
    units: tuple[Unit, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "units", units_of(self.text))


def unit_features(question: ReaderQuestion, passages: Sequence[ReaderPassage]) -> Floats:
    """(units of all passages in order, UNIT_FEATURES).

    cosine: of the question and the unit with its title and heading. heading: of the question and
    the passage's title and headings. passage: the passage's score. overlap: the share of the
    question's terms in the unit, by inverse document frequency, and more for its main verbs;
    overlap_above: the same with title and headings. neighbours: the best cosine of the units before
    and after. type_held, type_missing: whether the unit contains an answer of the type asked for.
    question: the unit is a question, as in a FAQ. repeats: the share of its terms that are in the
    question. short, row, step: its form. name_same, name_other: it is about the thing in the
    question, or about a sibling of it (supportbot.reader.sibling_names).
    """
    wanted = answer_type(question.part or question.text)
    weight = _weights(question)
    names = names_in_question(question.text, [f"{p.context}\n{p.text}" for p in passages])
    rows = [row for passage in passages for row in _rows(question, wanted, weight, names, passage)]
    return np.array(rows, dtype=np.float64).reshape(-1, len(UNIT_FEATURES))


def _weights(question: ReaderQuestion) -> dict[int, float]:
    """What each term of the question counts."""
    text = question.part or question.text
    does = main_verbs(text, question.locale)
    return {term: idf * (DOES if term in does else 1.0) for term, idf in question.idf.items()}


def _rows(
    question: ReaderQuestion,
    wanted: AnswerType,
    weight: Mapping[int, float],
    names: Names,
    passage: ReaderPassage,
) -> list[tuple[float, ...]]:
    cosines = (passage.vectors @ question.vector).tolist()
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
        named = compare_names(names, text, f"{unit.heading}\n{passage.context}")
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
