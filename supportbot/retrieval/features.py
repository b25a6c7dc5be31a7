"""What the order of candidates, and whether there is an answer at all, are judged by.

Every feature of a candidate is between 0 and 1 within its question, so that one set of weights
serves every embedding model and every collection.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from knowledge.embedding.vectors import Vectors
from knowledge.terms import word_numbers
from knowledge.unit_vectors import unpack
from supportbot.reader.reading import ReadUnit
from supportbot.retrieval.candidates import Candidate, Found
from supportbot.retrieval.conversation import Asked, Meaning

Floats = npt.NDArray[np.float64]

# In the order of the learned weights.
FEATURES = ("dense", "lexical", "phrase", "feedback", "unit", "heading")
# Of these is made how likely an answer is, and of those whether a question in the middle of a
# conversation has to do with the documents at all.
ANSWER_SIGNALS = ("similarity", "topic", "unit_score")
SUBJECT_SIGNALS = ("own_terms", "own_similarity", "follows")
SIGNALS = (*ANSWER_SIGNALS, *SUBJECT_SIGNALS)
FEW_TERMS, MANY_TERMS = 9, 48  # of a short question, and of a long one
OF_DOCUMENT = 0.5  # what the nearest passage of its document counts for in a passage's nearness
PHRASES_IN = 5  # the best candidates that phrases are looked for in: reading them takes time
FEEDBACK_FROM = 3  # the best candidates that pseudo-relevance feedback looks at
FEEDBACK_SHARPNESS = 4.0
NOT_TOLD = float("nan")


@dataclass(frozen=True)
class Judged:
    """`features` has a row for each candidate and a column for each of FEATURES; `first` is the
    plain combination of both scores; `length` is the question's, from 0 to 1; the
    others are of use to `signals`."""

    features: Floats
    first: Floats
    dense: Floats
    rare: Floats
    topic: Floats
    own_dense: Floats
    own_rare: Floats
    follows: float
    length: float


def judge(found: Found, asked: Asked, meaning: Meaning, *, dense_weight: float) -> Judged:
    """The features of every candidate.

    dense, lexical: both scores, min-max-normalised within the candidates (Bruch, Gai, Ingber: "An
    Analysis of Fusion Functions for Hybrid Retrieval", TOIS 2023); of dense, half is
    the passage's own and half that of the nearest passage of its document. phrase: the share of the
    question's pairs of neighbouring words that it holds. feedback: likeness to the best three
    (after Rocchio), for questions in a conversation. unit, heading: nearness of the best unit, and
    of what stands above the passage.
    """
    candidates = found.candidates
    dense = np.array([c.dense for c in candidates])
    lexical = np.array([c.lexical for c in candidates])
    by_meaning, by_words = normalised(dense), normalised(lexical)
    first = dense_weight * by_meaning + (1 - dense_weight) * by_words
    vectors = None if meaning.earlier is None else _vectors(candidates)
    zeros = np.zeros(len(candidates))
    of_document = _best_of_document(candidates, by_meaning)
    features = np.stack(
        [
            (1 - OF_DOCUMENT) * by_meaning + OF_DOCUMENT * of_document,
            by_words,
            _phrase(found, asked.pairs, first),
            _feedback(vectors, first) if vectors is not None else zeros,
            *_nearness_of_units(candidates, meaning.sought),
        ],
        axis=1,
    )
    rare = _rare_terms(found, found.idf)
    if meaning.earlier is None or vectors is None:
        untold = np.full_like(zeros, NOT_TOLD)
        return Judged(
            features, first, dense, rare, zeros, untold, untold, NOT_TOLD, length=_length(asked)
        )
    own_terms = found.idf.keys() & asked.terms.keys()
    return Judged(
        features,
        first,
        dense,
        rare,
        topic=normalised(vectors @ meaning.earlier),
        own_dense=vectors @ meaning.question,
        own_rare=_rare_terms(found, own_terms) if own_terms else np.full_like(zeros, NOT_TOLD),
        follows=float(meaning.question @ meaning.earlier),
        length=_length(asked),
    )


def _length(asked: Asked) -> float:
    """How long a question is: 0 for a few words, 1 for a whole letter."""
    return float(np.clip((len(asked.terms) - FEW_TERMS) / (MANY_TERMS - FEW_TERMS), 0, 1))


def signals(judged: Judged, best: int, unit: ReadUnit | None = None) -> Floats:
    """What tells whether there is an answer, in the order of SIGNALS. NOT_TOLD are, without any
    unit that was read, unit_score; by a question that stands alone the last three; own_terms by
    one that has none, such as “And why is that?”.

    similarity, topic: cosine of the best passage to what was looked for, and its likeness to the
    earlier turns.

    unit_score: the reader's of the best unit that was read.

    own_terms, own_similarity: the same of the question without its earlier turns, which are near
    the documents whatever is asked next. follows: its cosine to those turns.
    """
    told = {
        "similarity": float(judged.dense[best]),
        "topic": float(judged.topic[best]),
        "unit_score": NOT_TOLD if unit is None else unit.score,
        "own_terms": float(judged.own_rare.max()),
        "own_similarity": float(judged.own_dense[best]),
        "follows": judged.follows,
    }
    return np.array([told[name] for name in SIGNALS])


def normalised(scores: Floats) -> Floats:
    """Min-max within a question. All equal says nothing about the order; a positive score still
    beats none at all."""
    low, high = float(scores.min()), float(scores.max())
    if high <= low:
        return np.full_like(scores, float(high > 0))
    result: Floats = (scores - low) / (high - low)
    return result


def _best_of_document(candidates: Sequence[Candidate], scores: Floats) -> Floats:
    best: defaultdict[int, float] = defaultdict(float)
    for candidate, score in zip(candidates, scores.tolist(), strict=True):
        best[candidate.document_id] = max(score, best[candidate.document_id])
    return np.array([best[candidate.document_id] for candidate in candidates])


def _rare_terms(found: Found, terms: Iterable[int]) -> Floats:
    weight = {term: found.weight[term] * found.idf[term] ** 2 for term in terms}
    return np.array([_share(candidate.asked, weight) for candidate in found.candidates])


def _share(terms: Iterable[int], weight: Mapping[int, float]) -> float:
    total = sum(weight.values())
    return sum(weight.get(term, 0.0) for term in terms) / total if total else 0.0


def _phrase(found: Found, pairs: frozenset[tuple[int, int]], first: Floats) -> Floats:
    weight = {
        pair: found.idf[pair[0]] + found.idf[pair[1]]
        for pair in pairs
        if pair[0] in found.idf and pair[1] in found.idf
    }
    total = sum(weight.values())
    result = np.zeros(len(found.candidates))
    if not total:
        return result
    for row in np.argsort(-first, kind="stable")[:PHRASES_IN].tolist():
        candidate = found.candidates[row]
        possible = {p for p in weight if p[0] in candidate.asked and p[1] in candidate.asked}
        if possible:
            result[row] = sum(weight[pair] for pair in possible & _pairs_in(candidate)) / total
    return result


def _pairs_in(candidate: Candidate) -> set[tuple[int, int]]:
    pairs: set[tuple[int, int]] = set()
    for text in (candidate.text, candidate.context):
        pairs.update(pairwise(word_numbers(text, candidate.locale)))
    return pairs


def _feedback(vectors: Floats, first: Floats) -> Floats:
    best = np.argsort(-first, kind="stable")[:FEEDBACK_FROM]
    mean = (vectors[best] * np.exp(FEEDBACK_SHARPNESS * first[best])[:, None]).sum(axis=0)
    return normalised(vectors @ mean)


def _nearness_of_units(candidates: Sequence[Candidate], sought: Vectors) -> tuple[Floats, Floats]:
    """Of the nearest of each candidate's units and what stands above it, and of the latter alone.
    Where the vectors of units are not stored yet, the passage's own nearness stands for both."""
    unit = np.array([c.dense for c in candidates])
    heading = unit.copy()
    for row, candidate in enumerate(candidates):
        if candidate.units is not None:
            cosines = unpack(candidate.units, len(sought)) @ sought
            heading[row], unit[row] = cosines[0], cosines[1:].max(initial=cosines[0])
    return normalised(unit), normalised(heading)


def _vectors(candidates: Sequence[Candidate]) -> Floats:
    return np.stack([c.vector for c in candidates if c.vector is not None]).astype(np.float64)
