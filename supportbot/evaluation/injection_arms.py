"""Who judges whether a text steers an assistant: the product's head, and what is often used
instead. Each is fitted to the same rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from knowledge.embedding.encoder import get_encoder
from knowledge.embedding.model import BUNDLED
from knowledge.embedding.vectors import Vectors, with_length_one
from supportbot.evaluation.injection_dataset import Row
from supportbot.evaluation.intervals import Floats
from supportbot.evaluation.names import ANSWERS, LINEAR, NGRAMS, TREES
from supportbot.guardrails.detectors.injection_features import STRUCTURE_FEATURES, features
from supportbot.guardrails.detectors.injection_head import Head
from supportbot.guardrails.detectors.injection_text import units_of

ROUNDS = 3
BINS = 64  # of each feature, for the trees
INVERSE_PENALTY = 0.5
HARD_WEIGHT = 3.0  # of Row.hard
BATCH = 256


@dataclass(frozen=True)
class Read:
    """A text with the features of its units, of shape (units, features)."""

    row: Row
    units: sparse.csr_matrix

    @property
    def whole(self) -> Vectors:
        """The mean embedding of the units, and the structure that any of them has."""
        found = self.units.toarray()
        kinds = len(STRUCTURE_FEATURES)
        dimensions = get_encoder(BUNDLED).dimensions
        mean = with_length_one(found[:, :dimensions].mean(axis=0, keepdims=True))[0]
        return np.concatenate([mean, found[:, -kinds:].max(axis=0)])


Judge = Callable[[Sequence[Read]], Floats]  # a score for each text
Fit = Callable[[Sequence[Read]], Judge]


def read(rows: Sequence[Row], say: Callable[[str], None]) -> list[Read]:
    """Rows with a word or more."""
    units = [units_of(row.text) for row in rows]
    known: dict[str, Vectors] = {}
    wanted = list(dict.fromkeys(unit.words for each in units for unit in each))
    say(f"{len(rows)} texts, {len(wanted)} different units to embed")
    for start in range(0, len(wanted), BATCH):
        batch = wanted[start : start + BATCH]
        known |= zip(batch, get_encoder(BUNDLED).encode_questions(batch), strict=True)
    found = []
    for row, each in zip(rows, units, strict=True):
        if each:
            words = [unit.words for unit in each]
            vectors = np.stack([known[text] for text in words])
            encoded = [unit.encoded for unit in each]
            found.append(Read(row, sparse.csr_matrix(features(words, vectors, encoded))))
    return found


def fit_head(rows: Sequence[Read]) -> Head:
    """Logistic regression over units. Which unit of an attack is the attack is not known: the most
    suspicious by the weights of the round before counts (multiple-instance learning)."""
    units = sparse.vstack([one.units for one in rows]).tocsr()
    counts = np.array([one.units.shape[0] for one in rows])
    of = np.repeat(np.arange(len(rows)), counts)
    attack = np.array([one.row.attack for one in rows])
    weights = np.array([HARD_WEIGHT if one.row.hard else 1.0 for one in rows])
    chosen, each = np.arange(len(of)), weights / np.sqrt(counts)
    model = None
    for _ in range(ROUNDS):
        truth = attack[of[chosen]]
        shares = each[of[chosen]]
        shares = np.where(truth, shares / shares[truth].sum(), shares / shares[~truth].sum())
        model = LogisticRegression(C=INVERSE_PENALTY, max_iter=200)
        model.fit(units[chosen], truth, sample_weight=shares * len(chosen) / 2)
        worst = _worst(model.decision_function(units), counts)
        chosen = np.sort(np.concatenate([worst[attack], np.flatnonzero(~attack[of])]))
        each = np.where(attack, weights, weights / np.sqrt(counts))
    assert model is not None  # noqa: S101  (there is a round)
    return Head(model.coef_[0].astype(np.float32), float(model.intercept_[0]))


def head_scores(found: Head, rows: Sequence[Read]) -> Floats:
    """The score of the most suspicious unit of each text."""
    return np.array([float(found.scores(one.units).max()) for one in rows])


def _worst(scores: Floats, counts: Floats) -> Floats:
    """The number of the highest score of each text."""
    ends = np.cumsum(counts)
    return np.array(
        [
            start + int(scores[start:end].argmax())
            for start, end in zip(ends - counts, ends, strict=True)
        ]
    )


def _head(rows: Sequence[Read]) -> Judge:
    found = fit_head(rows)
    return lambda texts: head_scores(found, texts)


def _ngrams(rows: Sequence[Read]) -> Judge:
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
    model = LogisticRegression(C=10.0, class_weight="balanced", max_iter=300)
    model.fit(vectorizer.fit_transform([one.row.text for one in rows]), _truth(rows))
    return lambda texts: model.predict_proba(vectorizer.transform([one.row.text for one in texts]))[
        :, 1
    ]


def _linear(rows: Sequence[Read]) -> Judge:
    model = LogisticRegression(C=INVERSE_PENALTY, class_weight="balanced", max_iter=300)
    model.fit(_wholes(rows), _truth(rows))
    return lambda texts: model.predict_proba(_wholes(texts))[:, 1]


def _trees(rows: Sequence[Read]) -> Judge:
    model = HistGradientBoostingClassifier(
        class_weight="balanced", max_iter=60, max_bins=BINS, random_state=0
    )
    model.fit(_wholes(rows), _truth(rows))
    return lambda texts: model.predict_proba(_wholes(texts))[:, 1]


def _truth(rows: Sequence[Read]) -> list[bool]:
    return [one.row.attack for one in rows]


def _wholes(rows: Sequence[Read]) -> Vectors:
    return np.stack([one.whole for one in rows])


# To measure another judge beside these, add a line. The first is the product's.
ARMS: Mapping[str, Fit] = {ANSWERS: _head, LINEAR: _linear, TREES: _trees, NGRAMS: _ngrams}
