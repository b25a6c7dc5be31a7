"""The reader at work on candidates: with the stored vectors of their units, or new ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from knowledge.embedding.encoder import get_encoder
from knowledge.embedding.vectors import Vectors
from knowledge.terms import word_numbers
from knowledge.text.units import unit_texts
from knowledge.unit_vectors import is_of, unpack
from supportbot.reader.features import Asked, Read
from supportbot.reader.reading import Reading, read
from supportbot.retrieval.candidates import Candidate
from supportbot.retrieval.look import Looked

OF_OTHER_PARTS = 0.5  # what their words count for in a part
MOST_EMBEDDED = 120  # units whose vectors are not stored, embedded within a search: 0.3 s


@dataclass(frozen=True)
class PartRead:
    """One of several questions in a text, and its reading."""

    text: str
    reading: Reading


@dataclass(frozen=True)
class CandidatesRead:
    """`whole` is the reading for what was looked for; `alone`, in the middle of a conversation, for
    the question without its earlier turns; `parts` for each of several questions."""

    whole: Reading
    alone: Reading | None = None
    parts: tuple[PartRead, ...] = ()


def read_candidates(text: str, looked: Looked, candidates: Sequence[Candidate]) -> CandidatesRead:
    """Every unit of the candidates, as the reader judges it."""
    idf = {term: looked.found.idf[term] for term in looked.asked.terms if term in looked.found.idf}
    locale = candidates[0].locale if candidates else "en"
    asked = Asked(text, looked.meaning.sought, idf, locale)
    texts = [unit_texts(candidate.context, candidate.text) for candidate in candidates]
    vectors = _vectors(candidates, texts, looked)
    passages = [
        Read(candidate.context, candidate.text, vectors[at], candidate.dense, candidate.locale)
        for at, candidate in enumerate(candidates)
    ]
    whole = read(asked, passages)
    parts = tuple(
        PartRead(part, read(_about(part, vector, asked), passages))
        for part, vector in zip(looked.parts, looked.meaning.parts, strict=False)
    )
    if looked.meaning.earlier is None:
        return CandidatesRead(whole, parts=parts)
    question = looked.meaning.question
    alone = [
        replace(passage, score=_cosine(candidate, question))
        for passage, candidate in zip(passages, candidates, strict=True)
    ]
    return CandidatesRead(whole, read(replace(asked, vector=question), alone), parts)


def _about(part: str, vector: Vectors, asked: Asked) -> Asked:
    """The question, narrowed to one of its parts."""
    own = set(word_numbers(part, asked.locale))
    weight = OF_OTHER_PARTS**0.5  # the reader squares it
    idf = {term: idf if term in own else idf * weight for term, idf in asked.idf.items()}
    return replace(asked, part=part, vector=vector, idf=idf)


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
