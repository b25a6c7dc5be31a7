"""Fits the heads of moderation and scope to their examples, beside ordinary questions of public
sets."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from knowledge.embedding.encoder import get_encoder
from knowledge.embedding.model import BUNDLED
from knowledge.embedding.vectors import Vectors
from supportbot.evaluation.questions import load_texts
from supportbot.guardrails.detectors.heads import FOLDER, parts_of
from supportbot.manners.head import QUESTION, Head, render

NAMES = ("moderation", "scope")
ORDINARY = "ordinary"  # among the examples; other languages have a file of their own
SEED = 3
INVERSE_PENALTY = 10.0
MOST_STEPS = 300
OWN_WEIGHT = 4.0  # of one of our examples, against one of a data set
# File below the data folder → (how many of it, its licence).
QUESTIONS = {
    "banking77/train.jsonl": (3000, "CC BY 4.0"),
    "clinc150/train.jsonl": (6000, "CC BY 3.0"),
    "bitext/train.jsonl": (1500, "CDLA-Sharing-1.0"),
}


def ordinary_questions(data: Path) -> list[str]:
    """Raises BadDatasetError."""
    found: list[str] = []
    for path, (most, _) in QUESTIONS.items():
        texts = sorted(set(load_texts(data / path)))
        found += random.Random(SEED).sample(texts, min(most, len(texts)))  # noqa: S311
    return found


def fit(name: str, questions: Sequence[str], vectors: Vectors) -> Head:
    """`vectors` are those of the questions."""
    examples = _examples(name)
    examples[ORDINARY] += [text for listed in _examples(ORDINARY).values() for text in listed]
    texts = [text for listed in examples.values() for text in listed]
    labels = [
        QUESTION if kind == ORDINARY else kind for kind, listed in examples.items() for _ in listed
    ]
    model = LogisticRegression(C=INVERSE_PENALTY, max_iter=MOST_STEPS)
    model.fit(
        np.vstack([embed(texts), vectors]),
        [*labels, *[QUESTION] * len(questions)],
        sample_weight=[*[OWN_WEIGHT] * len(labels), *[1.0] * len(questions)],
    )
    return Head(
        tuple(str(one) for one in model.classes_),
        model.coef_.astype(np.float32),
        model.intercept_.astype(np.float32),
    )


def _examples(name: str) -> dict[str, list[str]]:
    return tomllib.loads((FOLDER / f"{name}_examples.toml").read_text("utf-8"))


def embed(texts: Sequence[str]) -> Vectors:
    """As the detectors read them, whole."""
    return get_encoder(BUNDLED).encode_questions([(parts_of(text) or [text])[0] for text in texts])


def write(name: str, head: Head) -> Path:
    """The file that the detector reads."""
    path = FOLDER / f"{name}_head.json"
    sets = {file.partition("/")[0]: licence for file, (_, licence) in QUESTIONS.items()}
    about = {"command": "manage.py train_detectors", "fitted_to": sets, "seed": SEED}
    path.write_text(render(head, about), encoding="utf-8")
    return path
