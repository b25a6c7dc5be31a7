"""The features of a message: its embedding, and its words, word pairs and letter triples.

The embedding captures the meaning; words and letters capture “thx”, “helo” and forms of address.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence

import numpy as np

from knowledge.embedding.vectors import Vectors

LEXICAL = 4096  # hashed, as in the paper on feature hashing (Weinberger and others, 2009)
LEXICAL_LENGTH = 1.5  # of the lexical part; the embedding has length 1
_SIGN = 1 << 31
_TRIPLE = 3
_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)?|[?!]")


def features(texts: Sequence[str], embeddings: Vectors) -> Vectors:
    """(messages, dimensions of the embedding + LEXICAL)"""
    return np.hstack([embeddings, np.stack([_lexical(text) for text in texts])])


def _lexical(text: str) -> Vectors:
    vector = np.zeros(LEXICAL, dtype=np.float32)
    names = list(_names(text.lower().replace("’", "'")))
    for name in names:
        number = zlib.crc32(name.encode())
        vector[number % LEXICAL] += 1 if number & _SIGN else -1
    return vector * np.float32(LEXICAL_LENGTH / max(1, len(names)) ** 0.5)


def _names(text: str) -> Iterator[str]:
    words = _TOKEN.findall(text)
    for word in words:
        yield f"w {word}"
        if len(word) >= _TRIPLE:
            framed = f"<{word}>"
            yield from (f"c {framed[at : at + 3]}" for at in range(len(framed) - 2))
    for first, second in zip(["^", *words], [*words, "$"], strict=True):
        yield f"b {first} {second}"
