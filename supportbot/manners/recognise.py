"""A message → its manner, if it is no question to the documents."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from knowledge.embedding.encoder import Vectors
from knowledge.embedding.model import BUNDLED
from knowledge.embedding.questions import encode_questions
from supportbot.manners.head import QUESTION, head
from supportbot.manners.models import Manner, MannerExample, MannerReply

LEAST_PROBABILITY = 0.5
SURE = 0.8  # of a longer message
SURE_SMALL_TALK = 0.85  # below it the documents are asked first
LONG = 12  # words: longer messages seldom are small talk
MOST_WORDS = 40
EXAMPLE_COSINE = 0.9  # of an example that staff have given
READ_AGAIN_SECONDS = 2.0
_CLAUSES = re.compile(r"[.,;:!?…\n]+|\s[-–—]\s")
_ASKS = re.compile(
    r"\b(?:how|what|when|where|which|who|why|can|could|do|does|is|are|will)\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Recognised:
    """`has_question`: besides, there is something that the documents may answer."""

    manner: Manner
    probability: float
    has_question: bool = False


def recognise(text: str) -> Recognised | None:
    """The manner of a message; None for an ordinary question. Raises EmbeddingModelError."""
    text = " ".join(text.split())
    words = text.split()
    if not words or len(words) > MOST_WORDS:
        return None
    clauses = [clause.strip() for clause in _CLAUSES.split(text) if re.search(r"\w", clause)]
    parts = list(dict.fromkeys([text, *clauses]))
    vectors = encode_questions(BUNDLED, [part.lower() for part in parts])
    known = _given()
    found = {part: _judge(part, row, known) for part, row in zip(parts, vectors, strict=True)}
    manner, probability = found[text]
    if manner == QUESTION or probability < (SURE if len(words) > LONG else LEAST_PROBABILITY):
        return None
    if manner in known.off:
        return None
    if manner == Manner.SMALL_TALK and probability < SURE_SMALL_TALK:
        return Recognised(Manner.SMALL_TALK, probability, has_question=True)
    asks = manner == Manner.COMPLAINT or (
        len(clauses) > 1 and any(_is_question(clause, *found[clause]) for clause in clauses)
    )
    if asks and manner != Manner.COMPLAINT:
        return None  # a greeting before a question is answered by the answer
    return Recognised(Manner(manner), probability, has_question=asks)


def _is_question(clause: str, manner: str, probability: float) -> bool:
    return manner == QUESTION and probability >= SURE and len(clause.split()) > 1


@dataclass(frozen=True)
class _Given:
    """What staff have given: examples with their vectors, and the manners they switched off."""

    texts: Mapping[str, str]
    manners: tuple[str, ...]
    vectors: Vectors
    off: frozenset[str]


def _judge(text: str, vector: Vectors, known: _Given) -> tuple[str, float]:
    if (given := known.texts.get(text.casefold())) is not None:
        return given, 1.0
    if len(known.manners):
        cosines = known.vectors @ vector
        best = int(cosines.argmax())
        if cosines[best] >= EXAMPLE_COSINE:
            return known.manners[best], float(cosines[best])
    shares = head().probabilities(vector[None])[0]
    best = int(shares.argmax())
    return head().classes[best], float(shares[best])


_kept: tuple[float, _Given] | None = None


def _given() -> _Given:
    """Read from the database again after READ_AGAIN_SECONDS, so that a change reaches every
    process within moments."""
    global _kept  # noqa: PLW0603  one small value of the process
    now = time.monotonic()
    if _kept is None or now - _kept[0] > READ_AGAIN_SECONDS:
        rows = list(MannerExample.objects.values_list("text", "manner"))
        texts = [text for text, _ in rows]
        vectors = (
            encode_questions(BUNDLED, [text.lower() for text in texts])
            if texts
            else np.zeros((0, 0), dtype=np.float32)
        )
        off = MannerReply.objects.filter(is_on=False).values_list("manner", flat=True)
        given = {text.casefold(): manner for text, manner in rows}
        _kept = now, _Given(given, tuple(manner for _, manner in rows), vectors, frozenset(off))
    return _kept[1]


def forget() -> None:
    """Read anew at the next message."""
    global _kept  # noqa: PLW0603
    _kept = None
