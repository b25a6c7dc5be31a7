"""A question and the turns before it → the terms and vectors to search for.

No rule decides whether a question needs its history. Earlier turns have a small weight in every
query, which measurably does no harm to questions that stand alone. “How do I rotate those?” is then
searched near the earlier subject, and with its rare words.
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
from supportbot.retrieval.question_parts import leans, questions_in
from supportbot.retrieval.scope import Scope
from supportbot.retrieval.settings import RetrievalSettings

MAX_CHARACTERS = 20_000  # of a question; the rest is a pasted file
# Only the first and last characters of a longer text are embedded: embedding takes most of a
# search's time, and the question usually stands there. On techqa_sample, whose questions are long,
# nDCG@10 is .902 with this limit and .901 without.
HEAD, TAIL = 250, 150
ANSWER_HEAD = 200  # characters of the last answer that are embedded
LONG = 200  # characters; the first line of a text this long is also embedded alone
# The word that the cut goes through. A longer one is a language without spaces, or no word.
_CUT_AT_END, _CUT_AT_START = re.compile(" [^ ]{0,30}$"), re.compile("^[^ ]{0,30} ")
MAX_TURNS = 12  # earlier turns that are read
TERM_POWER = 0.5  # a word that occurs four times counts twice
FIRST_LINE = 0.3  # extra weight of the first line over the text below it
FIRST_LINE_WORDS = 3  # fewer words are a greeting
PART = 0.6  # weight of one of several questions, against the whole text
LEANING_PART = 0.3  # the same, of a question that refers to the rest of the text
DECAY = 0.5  # from one turn of the customer to the one before
LAST_ANSWER = 0.3  # weight of the last answer, against the customer's last turn
HISTORY_VECTOR = 0.3  # weight of the history's vector, against the question's
HISTORY_TERMS = 0.5  # weight of the history's terms, against the question's


@dataclass(frozen=True)
class Turn:
    """An earlier message. `author` is a value of tickets.models.Message.Author."""

    author: str
    text: str


@dataclass(frozen=True)
class Query:
    """What to search for, where, and how."""

    text: str
    history: Sequence[Turn]
    scope: Scope
    settings: RetrievalSettings


@dataclass(frozen=True)
class QueryTerms:
    """Number of a term → its weight, for the `question` and for terms that only the `history` has.
    `pairs` are the numbers of neighbouring words of the question."""

    question: Mapping[int, float]
    history: Mapping[int, float]
    pairs: frozenset[tuple[int, int]]


@dataclass(frozen=True)
class QueryVectors:
    """Vectors of length 1. `query` is the `question` with a little of the `history` mixed in, and
    is what is searched for. `parts` has one vector for each of several questions in the text, each
    with a little of the whole text mixed in."""

    query: Vectors
    question: Vectors
    history: Vectors | None = None
    parts: Sequence[Vectors] = ()


@dataclass(frozen=True)
class QueryTexts:
    """What to embed: the question, the first line of a long text if it can stand alone (else ""),
    each question in a text that asks several (`parts`), and earlier turns with their weights."""

    question: str
    first_line: str
    history: Sequence[tuple[str, float]]
    parts: tuple[str, ...] = ()

    @property
    def all(self) -> list[str]:
        first_line = [self.first_line] if self.first_line else []
        return [self.question, *first_line, *self.parts, *(text for text, _ in self.history)]


def analyse(
    text: str, history: Sequence[Turn], languages: Sequence[str]
) -> tuple[QueryTexts, QueryTerms]:
    """What to embed, and the terms to search for in each of the documents' `languages`."""
    question = text[:MAX_CHARACTERS]
    first_line = _first_line(question, languages)
    turns = _weighted(history)
    terms: dict[int, float] = {}
    pairs: set[tuple[int, int]] = set()
    for language in languages:
        weights = _term_weights(question, language)
        for number, weight in _term_weights(first_line, language).items():
            weights[number] += FIRST_LINE * weight
        _raise_to(terms, weights)
        pairs.update(pairwise(word_numbers(question, language)))
    history_terms: dict[int, float] = {}
    for turn in turns:
        for language in languages:
            weight = HISTORY_TERMS * turn.weight
            _raise_to(history_terms, dict.fromkeys(_term_weights(turn.text, language), weight))
    history_terms = {n: weight for n, weight in history_terms.items() if n not in terms}
    texts = QueryTexts(
        question=_shortened(question),
        first_line=first_line if len(question) >= LONG else "",
        history=[(turn.to_embed, turn.weight) for turn in turns],
        parts=questions_in(question),
    )
    return texts, QueryTerms(terms, history_terms, frozenset(pairs))


def _shortened(text: str) -> str:
    if len(text) <= HEAD + TAIL:
        return text
    head, tail = _CUT_AT_END.sub("", text[:HEAD]), _CUT_AT_START.sub("", text[-TAIL:])
    return f"{head} … {tail}"


def storable(text: str) -> str:
    """The text without NUL and lone surrogates, which PostgreSQL and tokenizers refuse."""
    return text.replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")


def _raise_to(weights: dict[int, float], others: Mapping[int, float]) -> None:
    """Keep the higher weight where two languages share a stem or two turns share a word."""
    for number, weight in others.items():
        weights[number] = max(weight, weights.get(number, 0.0))


def combine_vectors(texts: QueryTexts, vectors: Vectors) -> QueryVectors:
    """`vectors` has one row for each of `texts.all`."""
    rows = iter(vectors)
    question = next(rows)
    if texts.first_line:
        question = _unit((1 - FIRST_LINE) * question + FIRST_LINE * next(rows))
    parts = [_mixed(question, next(rows), _part_weight(part)) for part in texts.parts]
    if not texts.history:
        return QueryVectors(question, question, parts=parts)
    history = np.sum(
        [weight * row for (_, weight), row in zip(texts.history, rows, strict=True)], axis=0
    )
    query = _unit(question + HISTORY_VECTOR * history)
    parts = [_unit(part + HISTORY_VECTOR * history) for part in parts]
    return QueryVectors(query, question, _unit(history), parts)


def _part_weight(part: str) -> float:
    return LEANING_PART if leans(part) else PART


def _mixed(whole: Vectors, part: Vectors, weight: float) -> Vectors:
    return _unit((1 - weight) * whole + weight * part)


def _unit(vector: Vectors) -> Vectors:
    length = float(np.linalg.norm(vector))
    unit: Vectors = (vector / length if length else vector).astype(np.float32)
    return unit


class _WeightedTurn(NamedTuple):
    text: str
    to_embed: str
    weight: float


def _weighted(history: Sequence[Turn]) -> list[_WeightedTurn]:
    """The customer's turns, the last one first, then the last answer."""
    recent = [turn for turn in history if turn.text.strip()][-MAX_TURNS:]
    questions = [_readable(turn) for turn in recent if turn.author == "customer"]
    answers = [_readable(turn) for turn in recent if turn.author != "customer"]
    weighted = [
        _WeightedTurn(text, _shortened(text), DECAY**place)
        for place, text in enumerate(reversed(questions))
    ]
    if questions and answers:
        weighted.append(_WeightedTurn(answers[-1], answers[-1][:ANSWER_HEAD], LAST_ANSWER))
    return weighted


def _readable(turn: Turn) -> str:
    return storable(turn.text[:MAX_CHARACTERS])


def _first_line(text: str, languages: Sequence[str]) -> str:
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    if len(lines) <= 1:
        return ""
    words = max((len(word_numbers(lines[0], language)) for language in languages), default=0)
    return lines[0] if words >= FIRST_LINE_WORDS else ""


def _term_weights(text: str, language: str) -> defaultdict[int, float]:
    weights: defaultdict[int, float] = defaultdict(float)
    for term, count in terms_of(text, language).counts().items():
        weights[number_of(term)] += count**TERM_POWER
    return weights
