"""The vectors of a passage's units as they are stored: 8 bits a number, a checksum ahead.

The checksum is of the texts that were embedded. Where it differs, because units are cut in another
way by now, the vectors are not used.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np

from knowledge.embedding.vectors import Vectors, with_length_one

CHECKSUM_BYTES = 4


def pack(texts: Sequence[str], vectors: Vectors) -> bytes:
    """Texts and their vectors, of shape (len(texts), dimensions) → bytes.

    The largest number of each vector becomes ±127, which keeps cosines to within about .002.
    """
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    whole = np.rint(vectors * (127 / np.where(largest > 0, largest, 1))).astype(np.int8)
    return _checksum(texts) + whole.tobytes()


def unpack(stored: bytes, dimensions: int) -> Vectors:
    """Float32 of shape (texts, dimensions), each of length 1."""
    whole = np.frombuffer(stored, dtype=np.int8, offset=CHECKSUM_BYTES)
    return with_length_one(whole.reshape(-1, dimensions).astype(np.float32))


def is_of(stored: bytes, texts: Sequence[str]) -> bool:
    """Whether the vectors are those of these texts."""
    return bytes(stored[:CHECKSUM_BYTES]) == _checksum(texts)


def _checksum(texts: Sequence[str]) -> bytes:
    return zlib.crc32("\n".join(texts).encode()).to_bytes(CHECKSUM_BYTES, "little")
