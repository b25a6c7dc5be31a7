"""A question and the turns before it → what to look for, by meaning and by words.

No rule decides whether a question needs its history: earlier turns have a small say in each, which
was measured to do no harm to those that stand alone. “How do I rotate those?” is then asked near
what was spoken of, and with its rare words.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from knowledge.embedding.vectors import Vectors
from knowledge.terms import number_of, terms_of, word_numbers
from supportbot.retrieval.parts import questions_in

MOST_CHARACTERS = 20_000  # of a question that are read; the rest is a pasted file
# Of a longer text its first and last characters are embedded: what the model reads of it takes
# most of a search's time, and what somebody wants to know stands there. Measured on techqa_sample,
# whose questions are long: nDCG@10 is .902 with it and .901 without.
HEAD, TAIL = 250, 150
ANSWER_HEAD = 200  # of the last answer's
LONG = 200  # characters from which on the first line is embedded on its own, too
# The word that a cut goes through. What is longer is a language without spaces, or no word at all.
_CUT_AT_END, _CUT_AT_START = re.compile(" [^ ]{0,30}$"), re.compile("^[^ ]{0,30} ")
MOST_TURNS = 12  # earlier ones that are read
TERM_POWER = 0.5  # a word that is asked for four times counts twice
FIRST_LINE = 0.3  # how much more the first line says than what is pasted below it
FIRST_LINE_WORDS = 3  # if it has so many
PART = 0.6  # of one of several questions, beside the whole text
DECAY = 0.5  # from one turn of the customer's to the one before
LAST_ANSWER = 0.3  # what the last answer counts for beside the customer's last turn
HISTORY_VECTOR = 0.3
HISTORY_TERMS = 0.5


@dataclass(frozen=True)
class Turn:
    """An earlier message: `author` as in tickets.models.Message.Author."""

    author: str
    text: str


@dataclass(frozen=True)
class Asked:
    """What to look for by words: number of a term → weight. `carried` are terms that only earlier
    turns have; `pairs` the numbers of words that stand side by side in the question."""

    terms: Mapping[int, float]
    carried: Mapping[int, float]
    pairs: frozenset[tuple[int, int]]


@dataclass(frozen=True)
class Meaning:
    """Vectors of length 1: what to look for is the `question` with a little of the `earlier` turns
    mixed in, `sought`. `parts` are those of several questions in one text, each with a little of
    the whole."""

    sought: Vectors
    question: Vectors
    earlier: Vectors | None = None
    parts: Sequence[Vectors] = ()


@dataclass(frozen=True)
class Texts:
    """What is embedded: the question, the first line of a long one where that is a question of its
    own, what is asked in it (`parts`; supportbot.retrieval.parts), and the earlier turns, each with
    what it counts for."""

    question: str
    first_line: str
    earlier: Sequence[tuple[str, float]]
    parts: tuple[str, ...] = ()

    @property
    def all(self) -> list[str]:
        first_line = [self.first_line] if self.first_line else []
        return [self.question, *first_line, *self.parts, *(text for text, _ in self.earlier)]


def read(text: str, history: Sequence[Turn], locales: Sequence[str]) -> tuple[Texts, Asked]:
    """What to embed and what to look for; `locales` are the languages that documents are in."""
    question = text[:MOST_CHARACTERS]
    first_line = _first_line(question, locales)
    earlier = _weighted(history)
    terms: dict[int, float] = {}
    pairs: set[tuple[int, int]] = set()
    for locale in locales:
        found = _powered(question, locale)
        for number, weight in _powered(first_line, locale).items():
            found[number] += FIRST_LINE * weight
        _raise_to(terms, found)
        pairs.update(pairwise(word_numbers(question, locale)))
    carried: dict[int, float] = {}
    for turn in earlier:
        for locale in locales:
            weight = HISTORY_TERMS * turn.weight
            _raise_to(carried, dict.fromkeys(_powered(turn.text, locale), weight))
    carried = {number: weight for number, weight in carried.items() if number not in terms}
    texts = Texts(
        question=_gist(question),
        first_line=first_line if len(question) >= LONG else "",
        earlier=[(turn.gist, turn.weight) for turn in earlier],
        parts=questions_in(question),
    )
    return texts, Asked(terms, carried, frozenset(pairs))


def _gist(text: str) -> str:
    if len(text) <= HEAD + TAIL:
        return text
    head, tail = _CUT_AT_END.sub("", text[:HEAD]), _CUT_AT_START.sub("", text[-TAIL:])
    return f"{head} … {tail}"


def storable(text: str) -> str:
    """Without what neither PostgreSQL nor a tokenizer takes: NUL and halves of surrogate pairs."""
    return text.replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")


def _raise_to(weights: dict[int, float], others: Mapping[int, float]) -> None:
    """The higher of two weights: of two languages that share a stem, of two turns with a word."""
    for number, weight in others.items():
        weights[number] = max(weight, weights.get(number, 0.0))


def mix(texts: Texts, vectors: Vectors) -> Meaning:
    """`vectors` are those of `texts.all`."""
    rows = iter(vectors)
    question = next(rows)
    if texts.first_line:
        question = _unit((1 - FIRST_LINE) * question + FIRST_LINE * next(rows))
    parts = [_unit((1 - PART) * question + PART * next(rows)) for _ in texts.parts]
    if not texts.earlier:
        return Meaning(question, question, parts=parts)
    earlier = np.sum(
        [weight * row for (_, weight), row in zip(texts.earlier, rows, strict=True)], axis=0
    )
    sought = _unit(question + HISTORY_VECTOR * earlier)
    parts = [_unit(part + HISTORY_VECTOR * earlier) for part in parts]
    return Meaning(sought, question, _unit(earlier), parts)


def _unit(vector: Vectors) -> Vectors:
    length = float(np.linalg.norm(vector))
    unit: Vectors = (vector / length if length else vector).astype(np.float32)
    return unit


class _Earlier(NamedTuple):
    text: str
    gist: str
    weight: float


def _weighted(history: Sequence[Turn]) -> list[_Earlier]:
    """The customer's turns, the last first, and the last answer."""
    recent = [turn for turn in history if turn.text.strip()][-MOST_TURNS:]
    asked = [_readable(turn) for turn in recent if turn.author == "customer"]
    answers = [_readable(turn) for turn in recent if turn.author != "customer"]
    weighted = [
        _Earlier(text, _gist(text), DECAY**place) for place, text in enumerate(reversed(asked))
    ]
    if asked and answers:
        weighted.append(_Earlier(answers[-1], answers[-1][:ANSWER_HEAD], LAST_ANSWER))
    return weighted


def _readable(turn: Turn) -> str:
    return storable(turn.text[:MOST_CHARACTERS])


def _first_line(text: str, locales: Sequence[str]) -> str:
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    if len(lines) <= 1:
        return ""
    words = max((len(word_numbers(lines[0], locale)) for locale in locales), default=0)
    return lines[0] if words >= FIRST_LINE_WORDS else ""


def _powered(text: str, locale: str) -> defaultdict[int, float]:
    weights: defaultdict[int, float] = defaultdict(float)
    for term, count in terms_of(text, locale).counts().items():
        weights[number_of(term)] += count**TERM_POWER
    return weights
