"""Runs the small encoder that reads a source and a sentence together.

`support_encoder.onnx` is all-MiniLM-L6-v2 tuned by `manage.py train_grounding`, with 8-bit weights.
Each token of the sentence says how little the source supports it (after LettuceDetect: Kovács and
Recski, 2025), and the pair as a whole how much.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
from tokenizers import Tokenizer

FOLDER = Path(__file__).parent
MODEL, TOKENIZER = FOLDER / "support_encoder.onnx", FOLDER / "support_encoder_tokenizer.json"
SENTENCE_TOKENS, PAIR_TOKENS = 48, 128
START, END = 101, 102  # [CLS] and [SEP] of BERT's vocabulary

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class SupportEncoder:
    """Safe from any thread."""

    def __init__(self, model: Path, tokenizer: Path) -> None:
        options = ort.SessionOptions()
        # One thread: a run takes a few milliseconds, and other questions want the other cores.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = ort.InferenceSession(
            str(model), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    def read(self, sources: Sequence[str], sentence: str) -> Floats:
        """(sources, 2): the logits that the source supports the sentence as a whole, and that it
        supports its least supported token."""
        said = self._tokens(sentence)[:SENTENCE_TOKENS]
        pairs = [self._tokens(s)[: PAIR_TOKENS - len(said) - 3] for s in sources]
        width = max(len(pair) for pair in pairs) + len(said) + 3
        ids = np.zeros((len(pairs), width), dtype=np.int64)
        kinds, mask = np.zeros_like(ids), np.zeros_like(ids)
        for row, pair in enumerate(pairs):
            tokens = [START, *pair, END, *said, END]
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
            kinds[row, len(pair) + 2 : len(tokens)] = 1
        feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": kinds}
        logits: Floats = self._session.run(None, feeds)[0].astype(np.float64)
        return logits

    def _tokens(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids


@functools.cache
def support_encoder() -> SupportEncoder:
    """The one shipped with the product, loaded on first use."""
    return SupportEncoder(MODEL, TOKENIZER)
