"""A linear head over the bundled embedding: how much a text resembles examples of each kind.

`manage.py train_detectors` writes the weights.
"""

from __future__ import annotations

import base64
import functools
import json
import math
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from knowledge.embedding.model import BUNDLED
from knowledge.embedding.questions import encode_questions
from knowledge.text.sentences import split_sentences
from supportbot.manners.head import QUESTION, Head

FOLDER = Path(__file__).parent
MOST_PARTS = 6  # sentences of a message that are read one by one: the first and the last
MOST_WORDS = 40  # of a part; what a model takes for a text grows with its longest
_encoding = threading.Lock()
_CURLY = str.maketrans("’‘", "''")

Patterns = Mapping[str, Sequence[re.Pattern[str]]]
Place = tuple[str, tuple[int, int]]  # kind, characters


def compiled(patterns: Mapping[str, Sequence[str]]) -> Patterns:
    return {
        kind: [re.compile(pattern, re.IGNORECASE) for pattern in listed]
        for kind, listed in patterns.items()
    }


def matches(patterns: Patterns, text: str) -> Iterator[Place]:
    """The first match of each kind, with straight apostrophes for all."""
    text = text.translate(_CURLY)
    for kind, listed in patterns.items():
        found = next((hit for pattern in listed if (hit := pattern.search(text))), None)
        if found is not None:
            yield kind, found.span()


def parts_of(text: str) -> list[str]:
    """The message in one line and, if it has several, its sentences: the most suspicious counts.
    Written as the recognition of manners writes them, so that both share a vector."""
    sentences = split_sentences(text)
    if len(sentences) > MOST_PARTS:
        sentences = [*sentences[: MOST_PARTS // 2], *sentences[-MOST_PARTS // 2 :]]
    parts = [_in_one_line(one) for one in (text, *sentences)]
    return [one for one in dict.fromkeys(parts) if re.search(r"\w", one)]


def likelihoods(name: str, parts: Sequence[str]) -> list[dict[str, float]]:
    """By kind, of each part. Raises EmbeddingModelError."""
    if not parts:
        return []
    head = read_head(name)
    with _encoding:  # who asks for the same text meanwhile finds its vector kept
        vectors = encode_questions(BUNDLED, parts)
    rows = head.probabilities(vectors)
    return [
        {kind: float(p) for kind, p in zip(head.classes, row, strict=True) if kind != QUESTION}
        for row in rows
    ]


def surer(probability: float, logits: float) -> float:
    """The probability with so many logits added."""
    bounded = min(max(probability, 1e-6), 1 - 1e-6)
    return 1 / (1 + math.exp(-math.log(bounded / (1 - bounded)) - logits))


@functools.cache
def read_head(name: str) -> Head:
    """The head in the file NAME_head.json."""
    stored = json.loads((FOLDER / f"{name}_head.json").read_text("utf-8"))
    classes = tuple(stored["classes"])
    halves = np.frombuffer(base64.b64decode(stored["weights"]), dtype="<f2").astype(np.float32)
    intercepts = np.array(stored["intercepts"], dtype=np.float32)
    return Head(classes, halves.reshape(len(classes), -1), intercepts)


def _in_one_line(text: str) -> str:
    return " ".join(text.split()[:MOST_WORDS]).rstrip(" .,;:…")
