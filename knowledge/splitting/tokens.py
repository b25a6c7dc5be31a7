"""How many tokens of the embedding model stand in any stretch of a document."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

Ints = npt.NDArray[np.int64]

# No token of a vocabulary is as long: it stands for a word the model does not know, such as a key,
# an encoded picture, or one of a script without spaces. It counts as ordinary text of its length
# would, or a passage could be endless.
UNKNOWN_CHARACTERS = 20
CHARACTERS_PER_TOKEN = 4


class DocumentTokens:
    """The tokens of a document, in reading order: `ids` are the model's, `ends` where they end."""

    def __init__(self, stretches: Sequence[tuple[int, str]], tokenizer: Tokenizer) -> None:
        """`stretches`: (offset in the document, text) in order; their tokens are counted apart."""
        texts = [text for _, text in stretches]
        encodings = tokenizer.encode_batch(texts, add_special_tokens=False)
        spans = [
            np.asarray(encoding.offsets, dtype=np.int64).reshape(-1, 2) + offset
            for (offset, _), encoding in zip(stretches, encodings, strict=True)
        ]
        starts, ends = np.concatenate([np.zeros((0, 2), dtype=np.int64), *spans]).T
        ids = np.array([i for encoding in encodings for i in encoding.ids], dtype=np.int64)
        lengths = ends - starts
        times = np.where(lengths > UNKNOWN_CHARACTERS, lengths // CHARACTERS_PER_TOKEN, 1)
        last = np.cumsum(times)
        # How many of the token's parts come after each part.
        behind = np.repeat(last, times) - 1 - np.arange(last[-1] if len(last) else 0)
        self.ids: Ints = np.repeat(ids, times)
        # By their ends: some tokenizers count the space before a word as part of it.
        self.ends: Ints = np.maximum.accumulate(
            np.repeat(ends, times) - behind * CHARACTERS_PER_TOKEN
        )

    def before(self, offsets: Sequence[int]) -> Ints:
        """The number of tokens that end at or before each offset, as an index into `ids`."""
        return np.searchsorted(self.ends, np.asarray(offsets, dtype=np.int64), side="right")

    def count(self, starts: Sequence[int], ends: Sequence[int]) -> list[int]:
        """The tokens of each stretch."""
        counts: list[int] = (self.before(ends) - self.before(starts)).tolist()
        return counts
