"""The process's encoders: one for each embedding model, loaded on first use."""

from __future__ import annotations

import functools
import threading
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from django.conf import settings
from tokenizers import Tokenizer

from knowledge.embedding.model import BUNDLED, endpoint_model_of, prepare_model, source_of
from knowledge.embedding.onnx import OnnxEncoder
from knowledge.embedding.vectors import Vectors

__all__ = ["Encoder", "Vectors", "get_encoder", "get_tokenizer", "is_loaded"]


class Encoder(Protocol):
    """Texts → unit vectors of one model. Raises EmbeddingModelError when the model cannot be
    reached. `max_tokens` is None where nobody says how much the model reads."""

    @property
    def dimensions(self) -> int: ...

    @property
    def max_tokens(self) -> int | None: ...

    def encode_question(self, text: str) -> Vectors:
        """One question → float32 of shape (dimensions,)."""

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        """Questions → float32 of shape (len(texts), dimensions)."""

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Passages → float32 of shape (len(texts), dimensions)."""


_encoders: dict[str, Encoder] = {}
_locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


def get_encoder(name: str) -> Encoder:
    """The process's one encoder of a model, loaded on first use (about 0.3 s once prepared).

    Raises EmbeddingModelError; the next call then tries again.
    """
    if name not in _encoders:
        with _locks[name]:  # two threads that ask at once must not load it twice
            if name not in _encoders:
                _encoders[name] = _load(name)
    return _encoders[name]


def is_loaded(name: str) -> bool:
    """Whether `get_encoder` would answer at once."""
    return name in _encoders


def _load(name: str) -> Encoder:
    if (model := endpoint_model_of(name)) is not None:
        from knowledge.embedding.endpoint import EndpointEncoder  # its library takes half a second

        return EndpointEncoder(model)
    return OnnxEncoder(prepare_model(name), threads=settings.EMBEDDING_THREADS)


@functools.cache
def get_tokenizer(name: str) -> Tokenizer:
    """The model's tokenizer without truncation, to count tokens with.

    An endpoint does not say how it counts, so the bundled model's tokenizer stands in for its:
    endpoints read thousands of tokens, and a passage has a few hundred by either count.
    """
    if endpoint_model_of(name) is None:
        path = prepare_model(name).tokenizer_path
    else:
        path = Path(source_of(BUNDLED)) / "tokenizer.json"
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer
