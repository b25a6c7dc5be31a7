"""The reader at work on candidates: with the stored vectors of their units, or new ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from knowledge.embedding.encoder import get_encoder
from knowledge.embedding.vectors import Vectors
from knowledge.text.units import unit_texts
from knowledge.unit_vectors import is_of, unpack
from supportbot.reader.features import Asked, Read
from supportbot.reader.reading import Reading, read
from supportbot.retrieval.candidates import Candidate
from supportbot.retrieval.look import Looked

MOST_EMBEDDED = 120  # units whose vectors are not stored, embedded within a search: 0.3 s


def read_candidates(
    text: str, looked: Looked, candidates: Sequence[Candidate]
) -> tuple[Reading, Reading | None]:
    """Every unit of the candidates, as the reader judges it; and in the middle of a conversation
    the same for the question alone, without its earlier turns."""
    idf = {term: looked.found.idf[term] for term in looked.asked.terms if term in looked.found.idf}
    locale = candidates[0].locale if candidates else "en"
    asked = Asked(text, looked.meaning.sought, idf, locale)
    texts = [unit_texts(candidate.context, candidate.text) for candidate in candidates]
    vectors = _vectors(candidates, texts, looked)
    passages = [
        Read(candidate.context, candidate.text, vectors[at], candidate.dense, candidate.locale)
        for at, candidate in enumerate(candidates)
    ]
    reading = read(asked, passages)
    if looked.meaning.earlier is None:
        return reading, None
    question = looked.meaning.question
    alone = [
        replace(passage, score=_cosine(candidate, question))
        for passage, candidate in zip(passages, candidates, strict=True)
    ]
    return reading, read(replace(asked, vector=question), alone)


def _cosine(candidate: Candidate, vector: Vectors) -> float:
    return candidate.dense if candidate.vector is None else float(candidate.vector @ vector)


def _vectors(
    candidates: Sequence[Candidate], texts: Sequence[list[str]], looked: Looked
) -> list[Vectors]:
    """Those of passages put in by an earlier version are computed, as far as there is time; further
    units stand as near as what is above them."""
    dimensions = looked.plan.index.dimensions
    result, budget = [], MOST_EMBEDDED
    for candidate, wanted in zip(candidates, texts, strict=True):
        if candidate.units is not None and is_of(candidate.units, wanted):
            result.append(unpack(candidate.units, dimensions))
            continue
        few = wanted[: max(1, budget)]
        budget -= len(few)
        found = get_encoder(looked.plan.index.model).encode_passages(few)
        result.append(found[[min(at, len(few) - 1) for at in range(len(wanted))]])
    return result
