"""The features that candidates are ranked by, and the signals of whether there is an answer.

Every feature of a candidate is between 0 and 1 within its query, so that one set of weights serves
every embedding model and every collection.
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
from supportbot.retrieval.candidates import Candidate, CandidateSet
from supportbot.retrieval.query import QueryTerms, QueryVectors

Floats = npt.NDArray[np.float64]

# In the order of the learned weights.
FEATURES = ("dense", "lexical", "phrase", "feedback", "unit", "heading")
# Whether the passages answer is predicted from the first signals; whether a question within a
# conversation is about the documents at all from the second.
ANSWER_SIGNALS = ("similarity", "topic", "unit_score")
SUBJECT_SIGNALS = ("own_terms", "own_similarity", "follows")
SIGNALS = (*ANSWER_SIGNALS, *SUBJECT_SIGNALS)
FEW_TERMS, MANY_TERMS = 9, 48  # of a short question, and of a long one
DOCUMENT_SHARE = 0.5  # of a passage's dense feature, from the best passage of its document
PHRASE_CANDIDATES = 5  # the best ones; looking for phrases takes time
FEEDBACK_CANDIDATES = 3  # the best ones, for pseudo-relevance feedback
FEEDBACK_SHARPNESS = 4.0
MISSING = float("nan")  # the value of a signal that is not known


@dataclass(frozen=True)
class CandidateFeatures:
    """Arrays with one row for each candidate. `features` has a column for each of FEATURES;
    `fused` is the plain convex combination of both scores; `dense` the cosines. `length` is the
    query's, from 0 to 1. The rest is for `signals`: `topic` is the likeness to earlier turns, 0 to
    1; `question_dense` and `question_term_share` compare with the question without its earlier
    turns, `follows` is its cosine to them; these three are MISSING without earlier turns."""

    features: Floats
    fused: Floats
    dense: Floats
    topic: Floats
    question_dense: Floats
    question_term_share: Floats
    follows: float
    length: float


def score_features(
    found: CandidateSet, terms: QueryTerms, vectors: QueryVectors, *, dense_weight: float
) -> CandidateFeatures:
    """The features of every candidate; there must be at least one.

    dense, lexical: both scores, min-max-normalised over the candidates (Bruch, Gai, Ingber: "An
    Analysis of Fusion Functions for Hybrid Retrieval", TOIS 2023). Half of dense is the passage's
    own score, half that of the best passage of its document. phrase: the share of the question's
    neighbouring word pairs that the passage holds. feedback: likeness to the best three passages
    (after Rocchio), for questions in a conversation. unit, heading: cosine of the best unit, and
    of the title and headings.
    """
    candidates = found.candidates
    cosines = np.array([c.dense for c in candidates])
    dense, lexical = normalised(cosines), normalised(np.array([c.lexical for c in candidates]))
    fused = dense_weight * dense + (1 - dense_weight) * lexical
    rows = None if vectors.history is None else _vectors(candidates)
    zeros = np.zeros(len(candidates))
    of_document = _best_of_document(candidates, dense)
    features = np.stack(
        [
            (1 - DOCUMENT_SHARE) * dense + DOCUMENT_SHARE * of_document,
            lexical,
            _phrase(found, terms.pairs, fused),
            _feedback(rows, fused) if rows is not None else zeros,
            *_unit_and_heading(candidates, vectors.query),
        ],
        axis=1,
    )
    missing = np.full_like(zeros, MISSING)
    if vectors.history is None or rows is None:
        return CandidateFeatures(
            features, fused, cosines, zeros, missing, missing, MISSING, length=_length(terms)
        )
    question_terms = found.idf.keys() & terms.question.keys()
    return CandidateFeatures(
        features,
        fused,
        cosines,
        topic=normalised(rows @ vectors.history),
        question_dense=rows @ vectors.question,
        question_term_share=_term_share(found, question_terms) if question_terms else missing,
        follows=float(vectors.question @ vectors.history),
        length=_length(terms),
    )


def _length(terms: QueryTerms) -> float:
    """The length of a question: 0 for a few words, 1 for a whole letter."""
    return float(np.clip((len(terms.question) - FEW_TERMS) / (MANY_TERMS - FEW_TERMS), 0, 1))


def signals(scored: CandidateFeatures, best: int, unit: ReadUnit | None = None) -> Floats:
    """The signals of whether there is an answer, in the order of SIGNALS. `best` is the row of the
    best candidate, `unit` the best unit that was read.

    similarity, topic: cosine of the best passage to the query, and its likeness to earlier turns.
    unit_score: the reader's score of the best unit.
    own_terms, own_similarity: the share of the question's own terms that any candidate holds, and
    the best passage's cosine to the question without its earlier turns. (Those are near the
    documents whatever is asked next.) follows: cosine of the question to its earlier turns.

    MISSING: unit_score if no unit was read; the last three for a question without earlier turns;
    own_terms if the question has no terms, such as “And why is that?”.
    """
    values = {
        "similarity": float(scored.dense[best]),
        "topic": float(scored.topic[best]),
        "unit_score": MISSING if unit is None else unit.score,
        "own_terms": float(scored.question_term_share.max()),
        "own_similarity": float(scored.question_dense[best]),
        "follows": scored.follows,
    }
    return np.array([values[name] for name in SIGNALS])


def normalised(scores: Floats) -> Floats:
    """Min-max within a query. Equal scores say nothing about the order: all become 1 if they are
    positive, else 0."""
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


def _term_share(found: CandidateSet, terms: Iterable[int]) -> Floats:
    """The share of the terms that each candidate holds, by weight and squared rarity."""
    weights = {term: found.weights[term] * found.idf[term] ** 2 for term in terms}
    return np.array([_share(candidate.matched_terms, weights) for candidate in found.candidates])


def _share(terms: Iterable[int], weights: Mapping[int, float]) -> float:
    total = sum(weights.values())
    return sum(weights.get(term, 0.0) for term in terms) / total if total else 0.0


def _phrase(found: CandidateSet, pairs: frozenset[tuple[int, int]], fused: Floats) -> Floats:
    weights = {
        pair: found.idf[pair[0]] + found.idf[pair[1]]
        for pair in pairs
        if pair[0] in found.idf and pair[1] in found.idf
    }
    total = sum(weights.values())
    result = np.zeros(len(found.candidates))
    if not total:
        return result
    for row in np.argsort(-fused, kind="stable")[:PHRASE_CANDIDATES].tolist():
        candidate = found.candidates[row]
        matched = candidate.matched_terms
        possible = {pair for pair in weights if pair[0] in matched and pair[1] in matched}
        if possible:
            result[row] = sum(weights[pair] for pair in possible & _pairs_in(candidate)) / total
    return result


def _pairs_in(candidate: Candidate) -> set[tuple[int, int]]:
    pairs: set[tuple[int, int]] = set()
    for text in (candidate.text, candidate.context):
        pairs.update(pairwise(word_numbers(text, candidate.locale)))
    return pairs


def _feedback(vectors: Floats, fused: Floats) -> Floats:
    best = np.argsort(-fused, kind="stable")[:FEEDBACK_CANDIDATES]
    mean = (vectors[best] * np.exp(FEEDBACK_SHARPNESS * fused[best])[:, None]).sum(axis=0)
    return normalised(vectors @ mean)


def _unit_and_heading(candidates: Sequence[Candidate], query: Vectors) -> tuple[Floats, Floats]:
    """The best cosine among a candidate's units and its headings, and that of the headings alone.
    A passage whose unit vectors are not stored yet has its own cosine for both."""
    unit = np.array([c.dense for c in candidates])
    heading = unit.copy()
    for row, candidate in enumerate(candidates):
        if candidate.unit_vectors is not None:
            cosines = unpack(candidate.unit_vectors, len(query)) @ query
            heading[row], unit[row] = cosines[0], cosines[1:].max(initial=cosines[0])
    return normalised(unit), normalised(heading)


def _vectors(candidates: Sequence[Candidate]) -> Floats:
    return np.stack([c.vector for c in candidates if c.vector is not None]).astype(np.float64)
