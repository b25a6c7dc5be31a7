"""A linear classifier (head) over the features of a message: its manner, if any.

`manage.py train_manners` writes the weights.
"""

from __future__ import annotations

import base64
import functools
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from knowledge.embedding.vectors import Vectors

FILE = Path(__file__).with_name("head.json")
QUESTION = ""  # the class of messages without a manner


@dataclass(frozen=True)
class Head:
    """`weights`: (classes, features); `intercepts`: (classes,)."""

    classes: tuple[str, ...]
    weights: Vectors
    intercepts: Vectors

    def probabilities(self, vectors: Vectors) -> Vectors:
        """(messages, features) → (messages, classes); each row sums to 1."""
        logits = vectors @ self.weights.T + self.intercepts
        shares: Vectors = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        return shares


def head() -> Head:
    """The head shipped with the product."""
    return read_head(FILE)


@functools.cache
def read_head(path: Path) -> Head:
    """A head as `render` wrote it."""
    stored = json.loads(path.read_text("utf-8"))
    classes = tuple(stored["classes"])
    weights = np.frombuffer(base64.b64decode(stored["weights"]), dtype="<f2").astype(np.float32)
    return Head(
        classes,
        weights.reshape(len(classes), -1),
        np.array(stored["intercepts"], dtype=np.float32),
    )


def render(found: Head, about: dict[str, object]) -> str:
    """The text of the file; `about` says what the head was fitted to."""
    halves = base64.b64encode(found.weights.astype("<f2").tobytes()).decode()
    parts = {
        **about,
        "classes": list(found.classes),
        "intercepts": [round(float(value), 4) for value in found.intercepts],
        "weights": halves,
    }
    return json.dumps(parts, indent=1) + "\n"
