"""Faithful sentences → the same with exactly one fact changed, in twelve kinds.

A corruption must be false, not merely different: “at least 10” follows from “at least 14”, “some”
from “all”, “may” from “must”. Where that is not sure, nothing is made. The same seed gives the
same corruptions.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from supportbot.evaluation import corruption_values as values
from supportbot.evaluation import corruption_wording as wording
from supportbot.evaluation.corruption_values import Chance, Edit


class Kind(StrEnum):
    NUMBER = "number"
    UNIT = "unit"
    DATE = "date"
    MONEY = "money"
    NEGATION = "negation"
    MODALITY = "modality"
    COMPARISON = "comparison"
    QUANTIFIER = "quantifier"
    ENTITY = "entity"
    CONDITION = "condition dropped"
    EXCEPTION = "exception inverted"
    ACTOR = "actor swapped"


_EDITS: Mapping[Kind, Callable[[str, Chance], Iterator[Edit]]] = {
    Kind.NUMBER: values.numbers,
    Kind.UNIT: values.units,
    Kind.DATE: values.dates,
    Kind.MONEY: values.money,
    Kind.NEGATION: wording.negation,
    Kind.MODALITY: wording.modality,
    Kind.COMPARISON: wording.comparison,
    Kind.QUANTIFIER: wording.quantifier,
    Kind.CONDITION: wording.condition,
    Kind.EXCEPTION: wording.exception,
    Kind.ACTOR: wording.actor,
}
LEAST_WORDS, MOST_WORDS = 5, 45  # of a sentence that is changed
_ARTICLE = re.compile(r"\ban? $")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][\w+.-]*\w(?: [A-Z][\w-]+)*")
_NOT_NAMES = (
    "I You We The This That If When For In On At It January February March April May June July "
    "August September October November December Monday Tuesday Wednesday Thursday Friday Saturday "
    "Sunday Note"
)
_NO_NAMES = frozenset(_NOT_NAMES.split())


@dataclass(frozen=True)
class Corruption:
    """`was` and `becomes` are what differs between the faithful sentence and `text`."""

    kind: Kind
    text: str
    was: str
    becomes: str


def corruptions_of(sentence: str, document: str, seed: str) -> list[Corruption]:
    """One corruption of each kind that can be made, in the order of the kinds. `document` is where
    the sentence is from: its names are swapped in, and what it says elsewhere is not taken."""
    if not LEAST_WORDS <= len(sentence.split()) <= MOST_WORDS or sentence.endswith("?"):
        return []
    made = []
    for kind in Kind:
        chance = random.Random(f"{seed}\n{kind}\n{sentence}")  # noqa: S311  the same in every run
        edits = _entities(sentence, document, chance) if kind is Kind.ENTITY else None
        found = list(_EDITS[kind](sentence, chance) if edits is None else edits)
        chance.shuffle(found)
        usable = (_applied(kind, sentence, edit) for edit in found)
        made += [one for one in usable if _is_false(one, sentence, document)][:1]
    return made


def names_of(text: str) -> list[str]:
    """Names by their capitals within sentences, each once, in order."""
    found = (match[0] for match in _NAME.finditer(text))
    return [
        name
        for name in dict.fromkeys(found)
        if not any(
            word.removesuffix("s") in _NO_NAMES or word in _NO_NAMES for word in name.split()
        )
    ]


def _entities(sentence: str, document: str, chance: Chance) -> Iterator[Edit]:
    """A name, changed for another of like form that the document has elsewhere."""
    everywhere = names_of(document)
    for name in names_of(sentence):
        others = [
            other
            for other in everywhere
            if other not in sentence and _form(other) == _form(name) and not _share(name, other)
        ]
        if others:
            start = sentence.index(name)
            yield start, start + len(name), chance.choice(others)


def _form(name: str) -> tuple[int, bool, bool]:
    return min(2, len(name.split())), name.isupper(), any(c.isdigit() for c in name)


def _share(name: str, other: str) -> bool:
    """Whether one may be another form of the other: “IBM Cloud” and “Cloud”, “USA” and “US”."""
    if set(name.lower().split()) & set(other.lower().split()):
        return True
    return name[:3].lower() == other[:3].lower()


def _applied(kind: Kind, sentence: str, edit: Edit) -> Corruption:
    start, end, becomes = edit
    before = sentence[:start]
    if becomes[:1].islower() and (article := _ARTICLE.search(before)):
        before = before[: article.start()] + ("an " if becomes[0] in "aeiou" else "a ")
    return Corruption(kind, f"{before}{becomes}{sentence[end:]}", sentence[start:end], becomes)


def _is_false(one: Corruption, sentence: str, document: str) -> bool:
    """Not the sentence itself, and nothing that the document says in these very words."""
    return one.text != sentence and one.text.lower().rstrip(".") not in document.lower()
