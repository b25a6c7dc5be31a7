"""Runs the reader over the best candidates, with stored unit vectors or newly computed ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from knowledge.embedding.encoder import get_encoder
from knowledge.embedding.vectors import Vectors
from knowledge.terms import word_numbers
from knowledge.text.units import unit_texts
from knowledge.unit_vectors import is_of, unpack
from supportbot.reader.features import ReaderPassage, ReaderQuestion
from supportbot.reader.reading import Reading, read_passages
from supportbot.retrieval.candidate_generation import RetrievedCandidates
from supportbot.retrieval.candidates import Candidate
from supportbot.retrieval.question_parts import leans

OTHER_PARTS = 0.5  # weight of the terms of the other questions when one part is read
REFERRED = 0.5  # weight of the terms of the questions that this one follows up
ON_TOPIC = 3.0  # of the reader's score, for a passage like the earlier turns (cosine 1)
LEANT_ON = 1.0  # the same, if the part refers to the rest of the text
MAX_EMBEDDED = 120  # units without a stored vector that one search embeds: 0.3 s


@dataclass(frozen=True)
class PartReading:
    """One of several questions in a text, and its reading."""

    text: str
    reading: Reading


@dataclass(frozen=True)
class CandidateReadings:
    """`whole` is the reading for the query. `parts` has a reading for each question of a text that
    asks several."""

    whole: Reading
    parts: tuple[PartReading, ...] = ()


def read_candidates(
    text: str, referred: str, retrieved: RetrievedCandidates, candidates: Sequence[Candidate]
) -> CandidateReadings:
    """Readings of every unit of the `candidates`, in their order. `referred` are the earlier
    questions that `text` follows up."""
    all_idf = retrieved.candidates.idf
    idf = {term: all_idf[term] for term in retrieved.terms.question if term in all_idf}
    locale = candidates[0].locale if candidates else "en"
    alone = ReaderQuestion(text, retrieved.vectors.question, idf, locale)
    question = _following_up(alone, referred, all_idf, retrieved.vectors.query)
    texts = [unit_texts(candidate.context, candidate.text) for candidate in candidates]
    vectors = _unit_vectors(candidates, texts, retrieved)
    passages = [
        ReaderPassage(c.context, c.text, vectors[number], c.dense, c.locale)
        for number, c in enumerate(candidates)
    ]
    whole = read_passages(question, passages)
    parts = tuple(
        PartReading(part, read_passages(_narrowed(question, part, vector), passages))
        for part, vector in zip(retrieved.parts, retrieved.vectors.parts, strict=False)
    )
    return CandidateReadings(whole, parts)


def on_topic(reading: Reading, candidates: Sequence[Candidate], history: Vectors) -> Reading:
    """The reading with passages near the earlier turns raised: a follow-up stays on its topic.
    `history` is their vector; the `candidates` were read with their vectors."""
    raised = [ON_TOPIC * _cosine(candidate, history) for candidate in candidates]
    units = tuple(replace(unit, score=unit.score + raised[unit.passage]) for unit in reading.units)
    return replace(reading, units=units)


def _following_up(
    question: ReaderQuestion, referred: str, all_idf: Mapping[int, float], vector: Vectors
) -> ReaderQuestion:
    """The question with what it follows up."""
    if not referred:
        return replace(question, vector=vector)
    weight = REFERRED**0.5  # the reader squares it
    before = {
        term: all_idf[term] * weight
        for term in word_numbers(referred, question.locale)
        if term in all_idf
    }
    return replace(
        question,
        text=f"{referred} {question.text}",
        part=question.text,
        vector=vector,
        idf={**before, **question.idf},
    )


def _narrowed(question: ReaderQuestion, part: str, vector: Vectors) -> ReaderQuestion:
    """The question, narrowed to one of its parts."""
    own = set(word_numbers(part, question.locale))
    weight = (LEANT_ON if leans(part) else OTHER_PARTS) ** 0.5  # the reader squares it
    idf = {term: idf if term in own else idf * weight for term, idf in question.idf.items()}
    return replace(question, part=part, vector=vector, idf=idf)


def _cosine(candidate: Candidate, vector: Vectors) -> float:
    return candidate.dense if candidate.vector is None else float(candidate.vector @ vector)


def _unit_vectors(
    candidates: Sequence[Candidate], texts: Sequence[list[str]], retrieved: RetrievedCandidates
) -> list[Vectors]:
    """For each candidate, (texts, dimensions). Passages stored by an earlier release have no unit
    vectors, or those of other texts: up to MAX_EMBEDDED are computed here, and a unit beyond that
    takes the vector of the last computed one of its passage."""
    dimensions = retrieved.plan.index.dimensions
    result, budget = [], MAX_EMBEDDED
    for candidate, wanted in zip(candidates, texts, strict=True):
        if candidate.unit_vectors is not None and is_of(candidate.unit_vectors, wanted):
            result.append(unpack(candidate.unit_vectors, dimensions))
            continue
        few = wanted[: max(1, budget)]
        budget -= len(few)
        computed = get_encoder(retrieved.plan.index.model).encode_passages(few)
        result.append(computed[[min(at, len(few) - 1) for at in range(len(wanted))]])
    return result
