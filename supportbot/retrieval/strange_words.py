"""How much of a question is about something that the documents never mention.

“Is there wifi in the Marlbeck store” is near every passage about that store. But “wifi” stands in
none of them, and no word there is near it in meaning, as “Switzerland” is near “France”. English
only.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterator, Sequence

import numpy as np

from knowledge.embedding.encoder import get_encoder
from knowledge.embedding.model import BUNDLED
from knowledge.embedding.vectors import Vectors
from knowledge.terms import word_numbers
from supportbot.reader.reading import Reading
from supportbot.retrieval.candidates import Candidate
from supportbot.retrieval.spelling import word_frequency

LOCALE = "en"
COMMON = 6.5  # Zipf frequency (log10 of uses in a billion words); such a word weighs nothing
RARE = 4.5  # the same; only rarer words can be strange
LEAST_SHARE = 0.2  # of the question's weight; a strange word with less does not decide
NEAR, FAR = 0.6, 0.4  # cosine of two words: one of the same kind, and one of another
MOST_WORDS = 150  # that a strange word is compared with, from the best units
FREE_SHARE, PENALTY = 0.1, 8.0  # logit, for each share of strange words above FREE_SHARE
CACHE_SIZE = 20_000
_WORD = re.compile(r"(?<![^\W_])[^\W\d_]{3,}(?![^\W_])")


def strange_share(text: str, reading: Reading, candidates: Sequence[Candidate]) -> float:
    """The share of the question's words, weighted by rarity, that are strange to what was read (0
    to 1). `candidates` are those that were read."""
    if not candidates or any(
        candidate.locale.partition("-")[0].lower() != LOCALE for candidate in candidates
    ):
        return 0.0
    weights = {
        word: max(0.0, COMMON - word_frequency(word, LOCALE))
        for word in _words(text)
        if word_numbers(word, LOCALE)
    }
    total = sum(weights.values()) or 1.0
    known = {n for c in candidates for one in (c.context, c.text) for n in _terms(one)}
    unknown = {
        word: weight / total
        for word, weight in weights.items()
        if weight > COMMON - RARE and not known & _terms(word)
    }
    if sum(unknown.values()) < LEAST_SHARE:
        return 0.0
    others = _vectors(_compared_with(reading, candidates))
    return sum(share * _strangeness(word, others) for word, share in unknown.items())


def without_strange_words(probability: float, share: float) -> float:
    """The probability that there is an answer, lowered by the share of strange words."""
    if share <= FREE_SHARE or not 0 < probability < 1:
        return probability
    logit = math.log(probability / (1 - probability)) - PENALTY * (share - FREE_SHARE)
    return 1 / (1 + math.exp(-logit))


def _strangeness(word: str, others: Vectors) -> float:
    nearest = float((others @ _vectors([word])[0]).max(initial=0.0))
    return float(np.clip((NEAR - nearest) / (NEAR - FAR), 0.0, 1.0))


def _compared_with(reading: Reading, candidates: Sequence[Candidate]) -> list[str]:
    words = dict.fromkeys(word for text in _texts(reading, candidates) for word in _words(text))
    return [word for word in words if _terms(word)][:MOST_WORDS]


def _texts(reading: Reading, candidates: Sequence[Candidate]) -> Iterator[str]:
    """Of the units, the best first, each with what stands above it."""
    for read in reading.best_first:
        unit = read.unit
        yield f"{candidates[read.passage].context} {unit.heading} {unit.lead} {unit.text}"


def _words(text: str) -> list[str]:
    return list(dict.fromkeys(word.lower() for word in _WORD.findall(text)))


@functools.lru_cache(maxsize=CACHE_SIZE)
def _terms(text: str) -> frozenset[int]:
    return frozenset(word_numbers(text, LOCALE))


_cache: dict[str, Vectors] = {}


def _vectors(words: Sequence[str]) -> Vectors:
    """(words, dimensions), each of length 1, by the model that every installation has."""
    if missing := [word for word in words if word not in _cache]:
        if len(_cache) > CACHE_SIZE:
            _cache.clear()
        _cache.update(zip(missing, get_encoder(BUNDLED).encode_passages(missing), strict=True))
    found: Vectors = np.stack([_cache[word] for word in words])
    return found
