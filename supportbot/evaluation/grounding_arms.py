"""Who judges whether sources support a sentence: the product, and what anyone could do instead."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from knowledge.embedding.encoder import get_encoder
from knowledge.embedding.vectors import Vectors
from knowledge.services.indexes.embedding_indexes import get_active_index
from knowledge.text.sentences import split_sentences
from knowledge.text.units import units_of
from supportbot.evaluation.names import ANSWERS, EMBEDDING, OVERLAP, ROUGE, SUPPORT
from supportbot.evaluation.words import words_of
from supportbot.guardrails.check import judge
from supportbot.guardrails.pieces import pieces_of
from supportbot.guardrails.support import THRESHOLD, support_scores
from supportbot.guardrails.types import Source, SourceKind, Verdict


@dataclass(frozen=True)
class Judged:
    """`score` orders sentences by how well they are supported. `passes` is None for an arm without
    a threshold of its own; `reason` says why a sentence does not pass, `quote` is the source's own
    that may take its place."""

    score: float
    passes: bool | None = None
    reason: str = ""
    quote: str = ""


CONFLICT = 0.5  # factor of the support of a sentence that is stopped, to order it behind others
Judge = Callable[[str, Sequence[Source]], Judged]


def whole_check(sentence: str, sources: Sequence[Source]) -> Judged:
    """The product's check: hard facts, promises and support."""
    found = judge(sentence, sources)
    kept = found.verdict is Verdict.KEEP
    score = found.score or 0.0
    if kept:
        return Judged(score, True)
    softens = found.verdict is Verdict.SOFTEN and found.piece is not None
    quote = found.piece.quote if softens and found.piece else ""
    return Judged(CONFLICT * score, False, found.reason, quote)


def support_alone(sentence: str, sources: Sequence[Source]) -> Judged:
    """The support check of the product by its best piece."""
    pieces = [piece for source in sources for piece in pieces_of(source)]
    score = max(support_scores(sentence, pieces), default=0.0)
    return Judged(score, score >= THRESHOLD, "" if score >= THRESHOLD else "not_supported")


def embedding(sentence: str, sources: Sequence[Source]) -> Judged:
    """The cosine to the nearest unit, by the model of the active index."""
    model = get_active_index().model
    vector = get_encoder(model).encode_passages([sentence])[0]
    return Judged(max(float((_vectors(s.text, model) @ vector).max()) for s in sources))


def rouge(sentence: str, sources: Sequence[Source]) -> Judged:
    """ROUGE-2's precision (Lin, 2004): the share of its pairs of words that a source has."""
    return Judged(max(_share(_pairs(sentence), _pairs(source.text)) for source in sources))


def overlap(sentence: str, sources: Sequence[Source]) -> Judged:
    """The share of its words that a source has."""
    words = frozenset(words_of(sentence))
    return Judged(max(_share(words, frozenset(words_of(source.text))) for source in sources))


# To measure another judge beside these, add a line. The first is the product's.
ARMS: Mapping[str, Judge] = {
    ANSWERS: whole_check,
    SUPPORT: support_alone,
    EMBEDDING: embedding,
    ROUGE: rouge,
    OVERLAP: overlap,
}


def source_of(text: str, number: int = 0, context: str = "") -> Source:
    return Source(number, SourceKind.PASSAGE, context, text)


def sentences_of(response: str) -> list[str]:
    """The sentences of a response that say something; itself where none does."""
    found = [s for s in split_sentences(response) if any(c.isalnum() for c in s)]
    return found or [response]


@functools.lru_cache(maxsize=64)
def _vectors(text: str, model: str) -> Vectors:
    return get_encoder(model).encode_passages([unit.text for unit in units_of(text)] or [text])


@functools.lru_cache(maxsize=256)
def _pairs(text: str) -> frozenset[object]:
    words = words_of(text)
    return frozenset(itertools.pairwise(words))


def _share(wanted: frozenset[object], found: frozenset[object]) -> float:
    return len(wanted & found) / len(wanted) if wanted else 0.0
