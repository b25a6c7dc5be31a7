"""An optional classifier that says whether a passage supports a sentence.

SUPPORTBOT_GROUNDING_MODEL names a folder, or a model on the hub, that sentence-transformers'
CrossEncoder can load: one that reads (passage, sentence), such as an NLI cross-encoder or MiniCheck
(Tang and others, 2024) on RoBERTa or DeBERTa.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import structlog
from django.conf import settings

from supportbot.guardrails.types import Source
from supportbot.optional_model import OptionalModel, load_cross_encoder

log = structlog.get_logger(__name__)

SUPPORTED = frozenset({"entailment", "entails", "supported", "support", "consistent", "faithful"})


class UnknownLabelsError(ValueError):
    """None of the model's labels says that a sentence is supported."""


@dataclass(frozen=True)
class _Loaded:
    model: Any
    label: int | None  # the one that says "supported"; None: the model has a single score

    def probability(self, passage: str, sentence: str) -> float:
        logits = np.asarray(self.model.predict([(passage, sentence)], activation_fn=_as_it_is))[0]
        if self.label is None:
            return float(1 / (1 + np.exp(-float(logits))))
        shares = np.exp(logits - logits.max())
        return float(shares[self.label] / shares.sum())


def is_configured() -> bool:
    return bool(settings.GROUNDING_MODEL)


def probability_of_support(sentence: str, source: Source) -> float | None:
    """That the source supports the sentence, 0 to 1; None if the model is not there (yet) or
    fails."""
    loaded = MODELS.get(settings.GROUNDING_MODEL) if is_configured() else None
    if loaded is None:
        return None
    passage = f"{source.context}\n{source.text}" if source.context else source.text
    try:
        return loaded.probability(passage, sentence)
    except Exception as error:  # noqa: BLE001  a model of another kind, or out of memory
        log.error("grounding_model_failed", model=settings.GROUNDING_MODEL, error=str(error))
        return None


def supported_label(names: dict[int, str]) -> int | None:
    """The label that says "supported", by its name; of two without names, the second, as usual.
    None for a model with one score. Raises UnknownLabelsError."""
    if len(names) == 1:
        return None
    for number, name in names.items():
        if name.lower() in SUPPORTED:
            return number
    if len(names) == 2 and all(name.startswith("LABEL_") for name in names.values()):  # noqa: PLR2004
        return 1
    raise UnknownLabelsError(f"none of its labels says “supported”: {', '.join(names.values())}")


def _as_it_is(logits: Any) -> Any:
    return logits


def _load(name: str) -> _Loaded:
    model = load_cross_encoder(name)
    return _Loaded(model, supported_label(dict(model.config.id2label)))


MODELS = OptionalModel(_load, "grounding_model_not_loaded")
