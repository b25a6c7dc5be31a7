"""Splits a text into its questions: “Which burrs fit the Cobble 64 and what do they cost?” has two.

English only. A text in another language is one question, unless it has several question marks.
"""

from __future__ import annotations

import re

from knowledge.text.sentences import split_sentences

MAX_PARTS = 3
MAX_CHARACTERS = 400  # a longer text is a letter and is not split
MIN_WORDS = 3  # of a part
MAX_LEANING_WORDS = 6
_ASKS_WITH = (
    r"(?:how|what|when|where|who|which|why|can|could|do|does|did|is|are|will|would|should|may|must"
    r"|until when|till when|by when)\b(?! not\b)"
)
_ASKS = re.compile(
    rf"^(?:(?:and|but|so|hi|hello|also|ok),? )*(?:any\b|{_ASKS_WITH})", re.IGNORECASE
)
_ASKS_WITHIN = re.compile(r"\b(?:how|what|when|where|why)\b", re.IGNORECASE)
_LEANS = re.compile(
    r"^(?:(?:and|but|so|also) )?(?:how|what|when|where|why|until when)\b"
    r".*\b(?:it|they|them|that|this|these|those)\b",
    re.IGNORECASE,
)
_BETWEEN = re.compile(
    rf"(?<=[.!?])\s+|,?\s+(?:and|also)\s+(?={_ASKS_WITH})|\s+[-–]\s+(?={_ASKS_WITH})"
    r"|[,;]\s+(?:and\s+)?(?=(?:how|what|when|where|which|can i|do i|is it)\b)",
    re.IGNORECASE,
)


def questions_in(text: str) -> tuple[str, ...]:
    """The questions in the text, in order, at most MAX_PARTS; statements are left out. Empty if it
    asks only one thing."""
    text = text.strip()
    if len(text) > MAX_CHARACTERS:
        return ()
    pieces: list[str] = []
    for piece in (found for one in split_sentences(text) for found in _BETWEEN.split(one)):
        if pieces and len(piece.split()) < MIN_WORDS:
            pieces[-1] = f"{pieces[-1]} {piece}"
        elif piece.strip():
            pieces.append(piece.strip())
    asking = [piece for piece in pieces if _asks(piece)]
    return tuple(asking[:MAX_PARTS]) if len(asking) > 1 else ()


def _asks(piece: str) -> bool:
    return piece.endswith("?") or bool(_ASKS.match(piece) or _ASKS_WITHIN.search(piece))


def leans(part: str) -> bool:
    """Whether a part asks for something about the rest of its text: “how much is it”. In a longer
    part, “it” may stand for something in the part itself, and “can I wash it” brings its own
    subject."""
    return len(part.split()) <= MAX_LEANING_WORDS and bool(_LEANS.match(part))
