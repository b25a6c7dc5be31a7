"""A classifier that learns in milliseconds from hundreds of examples, in seconds from thousands.

Kernel ridge regression onto the classes (Rifkin and others, 2003) over the nearness of embeddings
plus the words in common; of a large set, a part spans the solution (subset of regressors, Smola and
Schölkopf, 2000). Scores of examples that were left out follow in closed form, so a threshold needs
no data of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from knowledge.embedding.vectors import Vectors
from supportbot.manners.features import LEXICAL

NARROWNESS = 3.0  # of the nearness of embeddings: exp(NARROWNESS * (cosine - 1))
WORDS = 0.09  # weight of words in common
PENALTY = 0.3
JITTER = 1e-3
MOST_ANCHORS = 3000
LEFT_OUT = 1000  # examples that calibrate a large set


@dataclass(frozen=True)
class Classifier:
    """`anchors` are embeddings of examples, `weights` theirs: (anchors, classes); `words`, those of
    hashed words: (LEXICAL, classes); `sharpness` turns scores into probabilities."""

    classes: tuple[str, ...]
    anchors: Vectors
    weights: Vectors
    words: Vectors
    shares: Vectors
    sharpness: float

    def scores(self, vectors: Vectors) -> Vectors:
        """(messages, features) → (messages, classes): about 1 for a class that is certain."""
        near = _nearness(vectors[:, :-LEXICAL], self.anchors)
        found: Vectors = near @ self.weights + vectors[:, -LEXICAL:] @ self.words + self.shares
        return found

    def probabilities(self, scores: Vectors) -> Vectors:
        return _softmax(self.sharpness * scores)


def fit(vectors: Vectors, labels: Sequence[str]) -> tuple[Classifier, Vectors]:
    """The classifier, and scores of examples by one that has not seen them: (examples, classes)."""
    from scipy import linalg, sparse

    classes = sorted(set(labels))
    numbers = np.array([classes.index(label) for label in labels])
    targets = np.eye(len(classes), dtype=np.float32)[numbers]
    shares = targets.mean(axis=0)
    shuffled = np.random.default_rng(0).permutation(len(vectors))
    dense, words = vectors[:, :-LEXICAL], sparse.csr_matrix(vectors[:, -LEXICAL:])
    spanning = np.sort(shuffled[:MOST_ANCHORS])
    anchors = dense[spanning]
    kernel = _nearness(dense, anchors) + WORDS * (words @ words[spanning].T).toarray()
    root = _root(kernel[spanning], JITTER)
    mapped = linalg.solve_triangular(root, kernel.T, lower=True, check_finite=False)
    system = _root(mapped @ mapped.T, PENALTY)
    solved = linalg.cho_solve((system, True), mapped @ (targets - shares), check_finite=False)
    weights = linalg.solve_triangular(root, solved, lower=True, trans="T", check_finite=False)
    rows = shuffled[:LEFT_OUT]
    halves = linalg.solve_triangular(system, mapped[:, rows], lower=True, check_finite=False)
    leverage = np.square(halves).sum(axis=0)
    errors = (targets[rows] - shares - mapped[:, rows].T @ solved) / (1 - leverage)[:, None]
    unseen = targets[rows] - errors
    found = Classifier(
        classes=tuple(classes),
        anchors=anchors,
        weights=weights,
        words=WORDS * (words[spanning].T @ weights),
        shares=shares,
        sharpness=_sharpness(unseen, numbers[rows]),
    )
    return found, unseen


def _root(matrix: Vectors, added: float) -> Vectors:
    """The lower Cholesky factor, with something added to the diagonal."""
    from scipy import linalg

    matrix[np.diag_indices(len(matrix))] += np.float32(added)
    factor: Vectors = linalg.cholesky(matrix, lower=True, overwrite_a=True, check_finite=False)
    return factor


def _nearness(embeddings: Vectors, anchors: Vectors) -> Vectors:
    near: Vectors = np.exp(np.float32(NARROWNESS) * (embeddings @ anchors.T - 1))
    return near


def _sharpness(scores: Vectors, numbers: Vectors) -> float:
    """The one under which the classes of unseen examples are likeliest."""
    from scipy import optimize

    def surprise(logarithm: float) -> float:
        shares = _softmax(np.exp(logarithm) * scores)
        return float(-np.log(shares[np.arange(len(shares)), numbers] + 1e-9).mean())

    return float(np.exp(optimize.minimize_scalar(surprise, bounds=(0.0, 4.0), method="bounded").x))


def _softmax(scores: Vectors) -> Vectors:
    shares: Vectors = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return shares
