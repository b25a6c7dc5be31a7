"""The extractive route: whole sentences of the passages that answer the question, no model needed.

Whether there is an answer at all is told by retrieval (Evidence.is_answerable). A unit's relevance
mixes three things: the cosine between its own embedding and the question's, the
share of the question's words that it holds, rarer words counting more, and its passage's score.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

import numpy as np
import Stemmer

from knowledge.embedding.encoder import get_encoder
from knowledge.text.units import Unit, units_of
from supportbot.answers.run import in_thread
from supportbot.answers.types import Evidence, Proposed

NAME = "extractive"
PASSAGES = 3  # the best passages to quote from
MAX_UNITS = 4
MAX_UNIT_CHARACTERS = 600
# Chosen on the demo's questions and a public set of technical support questions together: by shared
# words with the reference answer, by citing the right document, and by what must be said.
COSINE_WEIGHT, OVERLAP_WEIGHT, PASSAGE_WEIGHT = 0.4, 0.2, 0.4
MIN_NEW_SHARE = 0.3  # of a unit's meaningful words; fewer only repeat the question
MARGIN = 0.15  # units this close to the best belong to the answer too

_STOP_WORDS = frozenset(
    {"a", "an", "and", "are", "as", "at", "be", "but", "by", "can", "could", "did", "do", "does"}
    | {"for", "from", "had", "has", "have", "how", "i", "if", "in", "is", "it", "its", "me", "my"}
    | {"of", "on", "or", "our", "should", "so", "that", "the", "them", "there", "these", "they"}
    | {"this", "those", "to", "was", "we", "were", "what", "when", "where", "which", "who", "why"}
    | {"will", "with", "would", "you", "your", "am", "not", "no", "any", "get", "got", "im"}
    | {"ive", "their"}
)
_stemmer = Stemmer.Stemmer("english")


@dataclass(frozen=True)
class Candidate:
    """A unit, where it stands, and how well it fits the question (0 to 1)."""

    passage: int
    position: int
    unit: Unit
    relevance: float


async def generate(evidence: Evidence) -> AsyncGenerator[Proposed]:
    """Sentences in reading order, each with its citation; none when nothing fits."""
    for candidate in choose(await in_thread(rate)(evidence)):
        unit = candidate.unit
        text = f"{unit.lead} {unit.text}" if unit.lead else unit.text
        yield Proposed(text=text, cited=(candidate.passage,), quotes=(unit.quote,))


def rate(evidence: Evidence) -> list[Candidate]:
    """Every quotable unit of the best passages with its relevance; none without an answer."""
    passages = evidence.passages[:PASSAGES]
    if not evidence.is_answerable:
        return []
    asked = set(content_stems(evidence.question.text))
    units = [
        (number, position, unit)
        for number, passage in enumerate(passages)
        for position, unit in enumerate(units_of(passage.text))
        if len(unit.text) <= MAX_UNIT_CHARACTERS and _says_something(unit, asked)
    ]
    if not units:
        return []
    texts = [f"{unit.lead} {unit.text}" for _, _, unit in units]
    vectors = get_encoder(evidence.ranking.model).encode_passages(texts)
    cosines = np.maximum(vectors @ evidence.ranking.vector, 0)
    overlaps = _overlaps(evidence.question.text, texts)
    scores = np.array([passages[number].score for number, _, _ in units])
    relevance = COSINE_WEIGHT * cosines + OVERLAP_WEIGHT * overlaps + PASSAGE_WEIGHT * scores
    return [
        Candidate(number, position, unit, float(score))
        for (number, position, unit), score in zip(units, relevance, strict=True)
    ]


def _says_something(unit: Unit, asked: set[str]) -> bool:
    """Neither a question, such as a FAQ's, nor one repeated back in other words."""
    stems = set(content_stems(unit.text))
    new = len(stems - asked)
    return not unit.text.endswith("?") and (not stems or new >= MIN_NEW_SHARE * len(stems))


def choose(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The units of the answer: the best passage first, within a passage in reading order."""
    ranked = sorted(candidates, key=lambda candidate: -candidate.relevance)
    chosen: dict[str, Candidate] = {}
    for candidate in ranked:
        if candidate.relevance < ranked[0].relevance - MARGIN or len(chosen) == MAX_UNITS:
            break
        chosen.setdefault(candidate.unit.text.casefold(), candidate)
    passage_order = list(dict.fromkeys(candidate.passage for candidate in chosen.values()))
    return sorted(chosen.values(), key=lambda c: (passage_order.index(c.passage), c.position))


def content_stems(text: str) -> list[str]:
    """Stems of the words that carry meaning; numbers and codes as they are."""
    words = re.findall(r"[^\W_]+(?:[.,'’-][^\W_]+)*", text.lower())
    stems: list[str] = _stemmer.stemWords([word for word in words if word not in _STOP_WORDS])
    return stems


def _overlaps(question: str, texts: Sequence[str]) -> np.ndarray:
    wanted = set(content_stems(question))
    stems = [set(content_stems(text)) for text in texts]
    counts = Counter(stem for found in stems for stem in found)
    weight = {
        stem: math.log(1 + (len(stems) - counts[stem] + 0.5) / (counts[stem] + 0.5))
        for stem in wanted
    }
    total = sum(weight.values()) or 1.0
    return np.array([sum(weight[stem] for stem in wanted & found) / total for found in stems])
