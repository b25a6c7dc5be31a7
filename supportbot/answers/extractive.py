"""The extractive route: whole sentences of the passages that answer the question, no model needed.

A unit's relevance mixes the cosine between its embedding and the question's with the share of the
question's words that it holds, rarer words counting more. Units are embedded together with their
headings: "Within 14 days." means something only under "Opened food".
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import numpy as np
import Stemmer

from knowledge.embedding.encoder import get_encoder
from knowledge.services.embedding_indexes import get_active_index
from supportbot.answers.run import in_thread
from supportbot.answers.sentences import Unit, units_of
from supportbot.answers.types import Evidence, Proposed

NAME = "extractive"
PASSAGES = 4  # the best passages to quote from
MAX_UNITS = 4
MAX_UNIT_CHARACTERS = 600
OVERLAP_WEIGHT = 0.35
# Both chosen on public question sets, see `manage.py evaluate answers`.
MIN_RELEVANCE = 0.38  # below it, nothing fits and the honest reply is that there is no answer
MARGIN = 0.13  # units this close to the best belong to the answer too

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
    """A unit, where it stands, and how well it fits the question (0 to about 1)."""

    passage: int
    position: int
    unit: Unit
    relevance: float


async def generate(evidence: Evidence) -> AsyncIterator[Proposed]:
    """Sentences in reading order, each with its citation; none when nothing fits."""
    for candidate in choose(await in_thread(rate)(evidence)):
        unit = candidate.unit
        text = f"{unit.lead} {unit.text}" if unit.lead else unit.text
        yield Proposed(text=text, cited=(candidate.passage,), quotes=(unit.quote,))


def rate(evidence: Evidence) -> list[Candidate]:
    """Every quotable unit of the best passages with its relevance."""
    units = [
        (number, position, passage.context, unit)
        for number, passage in enumerate(evidence.passages[:PASSAGES])
        for position, unit in enumerate(units_of(passage.text))
        if len(unit.text) <= MAX_UNIT_CHARACTERS
    ]
    if not units:
        return []
    encoder = get_encoder(get_active_index().model)
    vectors = encoder.encode_passages(
        [f"{context}\n{unit.lead} {unit.text}" for _, _, context, unit in units]
    )
    cosines = vectors @ evidence.ranking.vector
    overlaps = _overlaps(
        evidence.question.text, [f"{context} {u.lead} {u.text}" for _, _, context, u in units]
    )
    relevance = (1 - OVERLAP_WEIGHT) * np.maximum(cosines, 0) + OVERLAP_WEIGHT * overlaps
    return [
        Candidate(number, position, unit, float(score))
        for (number, position, _, unit), score in zip(units, relevance, strict=True)
    ]


def choose(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The units of the answer: the best passage first, within a passage in reading order."""
    ranked = sorted(candidates, key=lambda candidate: -candidate.relevance)
    if not ranked or ranked[0].relevance < MIN_RELEVANCE:
        return []
    floor = max(MIN_RELEVANCE, ranked[0].relevance - MARGIN)
    chosen: list[Candidate] = []
    seen: set[str] = set()
    for candidate in ranked:
        key = candidate.unit.text.casefold()
        if candidate.relevance < floor or len(chosen) == MAX_UNITS:
            break
        if key not in seen:
            seen.add(key)
            chosen.append(candidate)
    passage_order = list(dict.fromkeys(candidate.passage for candidate in chosen))
    return sorted(chosen, key=lambda c: (passage_order.index(c.passage), c.position))


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
