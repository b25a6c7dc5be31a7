"""A linear classifier (head) over the features of units: how much each one steers an assistant.

`manage.py train_injection` writes the weights and the score from which a text counts.
"""

from __future__ import annotations

import base64
import functools
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from knowledge.embedding.vectors import Vectors

FILE = Path(__file__).with_name("injection_model.json")


@dataclass(frozen=True)
class Head:
    """`weights`: (features,). `threshold` is the score that 1% of ordinary questions reach."""

    weights: Vectors
    intercept: float
    threshold: float = 1.0

    def scores(self, vectors: Vectors) -> Vectors:
        """(units, features) → (units,), each from 0 to 1."""
        scores: Vectors = 1 / (1 + np.exp(-(vectors @ self.weights + self.intercept)))
        return scores


@functools.cache
def head() -> Head:
    """The head shipped with the product."""
    return parse(FILE.read_text("utf-8"))


def parse(text: str) -> Head:
    stored = json.loads(text)
    weights = np.frombuffer(base64.b64decode(stored["weights"]), dtype="<f2").astype(np.float32)
    return Head(weights, float(stored["intercept"]), float(stored["threshold"]))


def render(found: Head, about: dict[str, object]) -> str:
    """The text of the file; `about` says what the head was fitted to."""
    parts = {
        **about,
        "threshold": round(found.threshold, 4),
        "intercept": round(found.intercept, 4),
        "weights": base64.b64encode(found.weights.astype("<f2").tobytes()).decode(),
    }
    return json.dumps(parts, indent=1) + "\n"
