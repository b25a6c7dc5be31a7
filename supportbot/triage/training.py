"""Fits the sentiment head to GoEmotions and to our own examples, and measures it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from knowledge.embedding.encoder import Vectors, get_encoder
from knowledge.embedding.model import BUNDLED
from supportbot.manners.features import features
from supportbot.manners.head import Head
from supportbot.manners.training import Row, read_rows
from supportbot.triage.sentiment import EXAMPLES, NEGATIVE, NEUTRAL, POSITIVE

OWN_WEIGHT = 8.0  # of one of our examples, against one of GoEmotions
INVERSE_PENALTY = 1.0
MOST_STEPS = 300
TOGETHER = 64
LICENCE = "GoEmotions: Apache-2.0"
# Confusion, curiosity, surprise: questions, mostly. Comments of mixed feelings are left out.
LABELS = {
    NEGATIVE: NEGATIVE,
    NEUTRAL: NEUTRAL,
    POSITIVE: POSITIVE,
    "ambiguous": NEUTRAL,
}


def goemotions(path: Path) -> Iterator[Row]:
    """Raises BadTrainingDataError."""
    for row in read_rows(path):
        if row["label"] in LABELS:
            yield Row(row["text"], LABELS[row["label"]])


def own_examples() -> Iterator[Row]:
    for label, texts in tomllib.loads(EXAMPLES.read_text("utf-8")).items():
        yield from (Row(text, label, OWN_WEIGHT) for text in texts)


def fit(rows: Sequence[Row]) -> Head:
    """Multinomial logistic regression over the features; every class weighs alike."""
    model = LogisticRegression(C=INVERSE_PENALTY, max_iter=MOST_STEPS, class_weight="balanced")
    vectors = vectors_of([row.text for row in rows])
    model.fit(vectors, [row.label for row in rows], sample_weight=[row.weight for row in rows])
    return Head(
        tuple(str(name) for name in model.classes_),
        model.coef_.astype(np.float32),
        model.intercept_.astype(np.float32),
    )


def figures(head: Head, rows: Sequence[Row]) -> dict[str, float]:
    """Accuracy, and F1 as the mean over the three classes."""
    shares = head.probabilities(vectors_of([row.text for row in rows]))
    said = [head.classes[number] for number in shares.argmax(axis=1)]
    true = [row.label for row in rows]
    right = [one == other for one, other in zip(said, true, strict=True)]
    return {
        "accuracy": float(np.mean(right)),
        "macro F1": float(f1_score(true, said, average="macro")),
    }


def vectors_of(texts: Sequence[str]) -> Vectors:
    encoder = get_encoder(BUNDLED)
    parts = [texts[at : at + TOGETHER] for at in range(0, len(texts), TOGETHER)]
    return features(texts, np.vstack([encoder.encode_questions(part) for part in parts]))
