"""The learned weights of the support check. `manage.py train_grounding` writes the file."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from supportbot.guardrails.alignment import ALIGNMENT_FEATURES, Floats

FILE = Path(__file__).with_name("support_model.json")


@dataclass(frozen=True)
class SupportModel:
    """Logistic regression: `weights` has one weight for each of ALIGNMENT_FEATURES."""

    weights: Floats
    intercept: float

    def logits(self, features: Floats) -> Floats:
        """(pieces, ALIGNMENT_FEATURES) → of each; NaN where features are missing."""
        logits: Floats = features @ self.weights + self.intercept
        return logits

    def probabilities(self, features: Floats) -> Floats:
        """(pieces, ALIGNMENT_FEATURES) → of each; 0 where features are missing."""
        logits = np.clip(self.logits(features), -30, 30)
        probabilities: Floats = np.nan_to_num(1 / (1 + np.exp(-logits)))
        return probabilities


@functools.cache
def support_model() -> SupportModel:
    """The model shipped with the product."""
    return parse(FILE.read_text("utf-8"))


def parse(text: str) -> SupportModel:
    """A feature without a stored weight has the weight 0."""
    stored = json.loads(text)
    weights = [stored["weights"].get(name, 0.0) for name in ALIGNMENT_FEATURES]
    return SupportModel(np.array(weights), float(stored["intercept"]))


def render(model: SupportModel, sources: dict[str, str]) -> str:
    """The text of the model file. `sources`: name of a data set it was fitted to → its licence."""
    parts = {
        "weights": dict(zip(ALIGNMENT_FEATURES, model.weights.round(4).tolist(), strict=True)),
        "intercept": round(model.intercept, 4),
        "fitted_to": sources,
    }
    return json.dumps(parts, indent=2) + "\n"
