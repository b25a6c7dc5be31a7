"""An optional classifier of attempts to steer the assistant.

SUPPORTBOT_INJECTION_MODEL names a folder, or a model on the hub, that transformers can load as a
classifier of one text, such as Prompt Guard 2 (Meta) or PIGuard (Li and others, 2025).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from django.conf import settings

from supportbot.optional_model import OptionalModel, load_classifier

log = structlog.get_logger(__name__)

HARMLESS = frozenset({"benign", "safe", "legit", "legitimate", "negative", "label_0", "harmless"})
PART, MOST_PARTS = 1500, 4  # characters; a model reads 512 tokens


class UnknownLabelsError(ValueError):
    """None of the model's labels says that a text is harmless."""


@dataclass(frozen=True)
class _Loaded:
    classify: Callable[[Sequence[str]], list[list[float]]]
    harmless: int

    def probabilities(self, texts: Sequence[str]) -> list[float]:
        return [1 - shares[self.harmless] for shares in self.classify(texts)]


def probability(text: str) -> float | None:
    """That the text, or a part of it, steers the assistant; None without a model, while it loads
    and if it fails. The product's own head judges the text all the same."""
    name = settings.INJECTION_MODEL
    loaded = MODELS.get(name) if name else None
    if loaded is None:
        return None
    parts = [text[at : at + PART] for at in range(0, len(text), PART)][:MOST_PARTS]
    try:
        return max(loaded.probabilities(parts))
    except Exception as error:  # noqa: BLE001  a model of another kind, or out of memory
        log.error("injection_model_failed", model=name, error=str(error))
        return None


def harmless_label(names: dict[int, str]) -> int:
    """The label that says “harmless”, by its name. Raises UnknownLabelsError."""
    for number, name in names.items():
        if name.lower() in HARMLESS:
            return number
    raise UnknownLabelsError(f"none of its labels says “harmless”: {', '.join(names.values())}")


def _load(name: str) -> _Loaded:
    config, classify = load_classifier(name)
    return _Loaded(classify, harmless_label(dict(config.id2label)))


MODELS = OptionalModel(_load, "injection_model_not_loaded")
