"""Runs a prepared model with ONNX Runtime. No torch, no network; safe from any thread."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import numpy as np
import onnxruntime as ort
from tokenizers import Encoding, Tokenizer

from knowledge.embedding.model import PreparedModel
from knowledge.embedding.vectors import Vectors, with_length_one

# Padded tokens in one run, for each thread. More do not fit the core's cache: measured on one core
# with all-MiniLM-L6-v2, 512 tokens at a time embed 26 passages a second, 4,096 only 20.
RUN_TOKENS = 512
MOST_PADDED = (
    2  # a text is padded to so many times its length: a question beside a pasted file is not
)


class OnnxEncoder:
    """Texts → unit vectors of one local model."""

    def __init__(self, model: PreparedModel, *, threads: int = 0) -> None:
        self.model = model
        self.dimensions = model.dimensions
        self.max_tokens: int | None = model.max_tokens
        threads = threads or os.cpu_count() or 1
        self._run_tokens = RUN_TOKENS * threads
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Threads that wait for each other sleep. Spinning takes a tenth off a question's time on
        # a machine without other work, but twice the CPU; beside other work it doubles the time.
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
        vectors: Vectors = self.encode_questions([text])[0]
        return vectors

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        """Questions → float32 of shape (len(texts), dimensions)."""
        return self.encode([self.model.query_prompt + text for text in texts])

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Passages → float32 of shape (len(texts), dimensions)."""
        return self.encode([self.model.passage_prompt + text for text in texts])

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Texts as they are → float32 of shape (len(texts), dimensions), each of length 1."""
        result = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        token_ids = [encoding.ids for encoding in self._encodings(texts)]
        for rows in _runs([len(ids) for ids in token_ids], self._run_tokens):
            result[rows] = self._run([token_ids[row] for row in rows])
        return result

    def _encodings(self, texts: Sequence[str]) -> list[Encoding]:
        if len(texts) == 1:  # no other threads for one
            return [self._tokenizer.encode(texts[0])]
        return self._tokenizer.encode_batch(list(texts))

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
        # Some models end without normalisation; cosine search expects unit vectors from all.
        return with_length_one(self._session.run(None, feeds)[0])


def _runs(lengths: Sequence[int], tokens: int) -> Iterator[list[int]]:
    """Which texts to run together: of like length, so that little is padding."""
    run: list[int] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        is_full = (len(run) + 1) * lengths[row] > tokens
        if run and (is_full or lengths[row] > MOST_PADDED * lengths[run[0]]):
            yield run
            run = []
        run.append(row)
    if run:
        yield run
