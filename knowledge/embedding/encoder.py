"""Runs a prepared embedding model with ONNX Runtime. No torch, no network; safe from any thread."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
from django.conf import settings
from tokenizers import Tokenizer

from knowledge.embedding.model import PreparedModel, prepare_model

Vectors = npt.NDArray[np.float32]

BATCH_TOKENS = 4096  # padded tokens in one run: enough to fill the cores, small enough for caches


class Encoder:
    """Texts → unit vectors of one model."""

    def __init__(self, model: PreparedModel, *, threads: int = 0) -> None:
        self.model = model
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads or os.cpu_count() or 1
        options.inter_op_num_threads = 1
        # Idle threads must not spin: the web process shares the cores with PostgreSQL.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = ort.InferenceSession(
            str(model.onnx_path), options, providers=["CPUExecutionProvider"]
        )
        self._inputs = [entry.name for entry in self._session.get_inputs()]
        self._tokenizer = Tokenizer.from_file(str(model.tokenizer_path))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(model.max_tokens)

    def encode_question(self, text: str) -> Vectors:
        """One question → float32 of shape (dimensions,)."""
        vectors: Vectors = self.encode([self.model.query_prompt + text])[0]
        return vectors

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Passages → float32 of shape (len(texts), dimensions)."""
        return self.encode([self.model.passage_prompt + text for text in texts])

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Texts as they are → float32 of shape (len(texts), dimensions), each of length 1."""
        result = np.zeros((len(texts), self.model.dimensions), dtype=np.float32)
        encodings = self._tokenizer.encode_batch(list(texts))
        # Texts of like length share a batch, so that little of it is padding.
        order = sorted(range(len(texts)), key=lambda i: len(encodings[i].ids))
        start = 0
        while start < len(order):
            end = start + 1
            while end < len(order) and (
                (end + 1 - start) * len(encodings[order[end]].ids) <= BATCH_TOKENS
            ):
                end += 1
            rows = order[start:end]
            result[rows] = self._run([encodings[i].ids for i in rows])
            start = end
        return result

    def _run(self, token_ids: list[list[int]]) -> Vectors:
        width = max(len(ids) for ids in token_ids)
        input_ids = np.zeros((len(token_ids), width), dtype=np.int64)
        attention_mask = np.zeros_like(input_ids)
        for row, ids in enumerate(token_ids):
            input_ids[row, : len(ids)] = ids
            attention_mask[row, : len(ids)] = 1
        feeds = {"input_ids": input_ids, "attention_mask": attention_mask}
        if "token_type_ids" in self._inputs:
            feeds["token_type_ids"] = np.zeros_like(input_ids)
        vectors: Vectors = self._session.run(None, feeds)[0]
        # Some models end without normalisation; cosine search expects unit vectors from all.
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return vectors


@functools.cache
def get_encoder(name: str) -> Encoder:
    """The process's one encoder of a model, loaded on first use (about 0.3 s once prepared)."""
    return Encoder(prepare_model(name), threads=settings.EMBEDDING_THREADS)


@functools.cache
def get_tokenizer(name: str) -> Tokenizer:
    """The model's tokenizer without truncation, to count tokens with."""
    tokenizer = Tokenizer.from_file(str(prepare_model(name).tokenizer_path))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer
