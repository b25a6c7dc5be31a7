"""How much of a question is about something that the documents never mention.

“Is there wifi in the Marlbeck store” is near every passage about that store. But “wifi” stands in
none of them, and no word there is near it in meaning, as “Switzerland” is near “France”. English
only.
"""

from __future__ import annotations

import functools
import math
import os
import re
import threading
from collections import Counter
from collections.abc import Sequence
from itertools import islice

import numpy as np
import structlog
from django.db import DatabaseError, connection
from django.utils import timezone

from knowledge.embedding.encoder import get_encoder
from knowledge.embedding.model import BUNDLED, EmbeddingModelError
from knowledge.embedding.vectors import Vectors
from knowledge.models import Passage
from knowledge.terms import word_numbers
from supportbot.reader.reading import Reading
from supportbot.retrieval.candidates import Candidate
from supportbot.retrieval.spelling import word_frequency

log = structlog.get_logger(__name__)

LOCALE = "en"
COMMON = 6.5  # Zipf frequency (log10 of uses in a billion words); such a word weighs nothing
RARE = 4.5  # the same; only rarer words can be strange
LEAST_SHARE = 0.2  # of the question's weight; a strange word with less does not decide
NEAR, FAR = 0.6, 0.4  # cosine of two words: one of the same kind, and one of another
MOST_WORDS = 150  # that a strange word is compared with, from the best units
FREE_SHARE, PENALTY = 0.1, 8.0  # logit, for each share of strange words above FREE_SHARE
TOGETHER = 32  # words that are embedded at a time
SAMPLED, MOST_COMMON = 2000, 4000  # passages whose words are embedded ahead, and words
LEAST_PRIORITY = 19  # of a thread
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
    others = _compared_with(reading, candidates)
    return sum(share * _strangeness(word, others) for word, share in unknown.items())


def embed_common_words() -> None:
    """Embed the commonest words of the served passages, so that no question waits for them. Takes
    a second or two of whatever nobody else needs."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LEAST_PRIORITY)
    counts: Counter[str] = Counter()
    served = Passage.objects.live(timezone.localdate()).filter(
        version__document__locale__istartswith=LOCALE
    )
    try:
        for context, text in served.values_list("context", "text")[:SAMPLED]:
            counts.update(_words(f"{context} {text}"))
        words = [word for word, _ in counts.most_common(MOST_COMMON) if _terms(word)]
        for start in range(0, len(words), TOGETHER):
            _vectors(words[start : start + TOGETHER])
    except (DatabaseError, EmbeddingModelError) as error:  # questions embed what they need
        log.warning("words_not_embedded", error=type(error).__name__)
    finally:
        connection.close()


def without_strange_words(probability: float, share: float) -> float:
    """The probability that there is an answer, lowered by the share of strange words."""
    if share <= FREE_SHARE or not 0 < probability < 1:
        return probability
    logit = math.log(probability / (1 - probability)) - PENALTY * (share - FREE_SHARE)
    return 1 / (1 + math.exp(-logit))


def _strangeness(word: str, others: Sequence[str]) -> float:
    """From 0 to 1. Other words are embedded a few at a time: one that is near decides."""
    own, nearest = _vectors([word])[0], 0.0
    for start in range(0, len(others), TOGETHER):
        nearest = max(nearest, float((_vectors(others[start : start + TOGETHER]) @ own).max()))
        if nearest >= NEAR:
            break
    return float(np.clip((NEAR - nearest) / (NEAR - FAR), 0.0, 1.0))


def _compared_with(reading: Reading, candidates: Sequence[Candidate]) -> list[str]:
    """The first words of the best units, each with what stands above it."""
    found: dict[str, None] = {}
    seen: set[str] = set()
    for read in reading.best_first:
        unit = read.unit
        for text in (candidates[read.passage].context, unit.heading, unit.lead, unit.text):
            if text in seen:
                continue
            seen.add(text)
            found.update(dict.fromkeys(word for word in _words(text) if _terms(word)))
        if len(found) >= MOST_WORDS:
            break
    return list(islice(found, MOST_WORDS))


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
