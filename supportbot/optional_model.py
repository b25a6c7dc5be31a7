"""A model of the operator's own, loaded in the background when it is first asked for.

Until it is there, and if it cannot be loaded, the product goes on without it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import structlog

log = structlog.get_logger(__name__)
T = TypeVar("T")
MAX_TOKENS = 512


def load_cross_encoder(name: str) -> Any:
    """A sentence-transformers CrossEncoder on the CPU."""
    from sentence_transformers import CrossEncoder

    return CrossEncoder(name, device="cpu", max_length=MAX_TOKENS)


def load_token_classifier(name: str) -> Any:
    """A transformers pipeline on the CPU: a text → what its words name, with start, end, score and
    entity_group."""
    import transformers

    return transformers.pipeline(
        "token-classification", model=name, aggregation_strategy="simple", device="cpu"
    )


def load_classifier(name: str) -> tuple[Any, Callable[[Sequence[str]], list[list[float]]]]:
    """A classifier of one text by transformers: its configuration, and texts → the probabilities
    of its labels."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    model = AutoModelForSequenceClassification.from_pretrained(name).eval()
    tokenizer = AutoTokenizer.from_pretrained(name)

    def classify(texts: Sequence[str]) -> list[list[float]]:
        limits = {"truncation": True, "max_length": MAX_TOKENS, "padding": True}
        with torch.no_grad():
            logits = model(**tokenizer(list(texts), return_tensors="pt", **limits)).logits
        shares: list[list[float]] = logits.softmax(dim=-1).tolist()
        return shares

    return model.config, classify


class OptionalModel(Generic[T]):
    """`load` gets the name: a folder, or a model on the hub. `event` is logged, once for a name,
    if it raises."""

    def __init__(self, load: Callable[[str], T], event: str) -> None:
        self._load, self._event = load, event
        self._loading = threading.Lock()
        self._loaded: dict[str, T] = {}
        self._failed: set[str] = set()

    def get(self, name: str) -> T | None:
        """The model, or None while it loads and if it cannot be loaded."""
        known = name in self._loaded or name in self._failed
        if not known and self._loading.acquire(blocking=False):
            threading.Thread(target=self._work, args=(name,), daemon=True, name="load").start()
        return self._loaded.get(name)

    def has_failed(self, name: str) -> bool:
        return name in self._failed

    def forget(self) -> None:
        """Load each again when it is asked for."""
        self._loaded.clear()
        self._failed.clear()

    def _work(self, name: str) -> None:
        try:
            self._loaded[name] = self._load(name)
        except Exception as error:  # noqa: BLE001  missing files, network, unknown formats
            self._failed.add(name)
            log.error(self._event, model=name, error=str(error))
        finally:
            self._loading.release()
