"""A model's stream of characters → sentences with the numbers they cite.

A pure transformer: it knows neither models nor passages. Text goes out only as whole sentences, so
that each can be checked before a customer reads it.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

from supportbot.answers.sentences import split_sentences

_MARK = re.compile(r"\s*\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]")
# The end of a sentence is certain once something other than a citation follows it.
_CERTAIN_END = re.compile(
    r"[.!?…]+[\"'”’)]*(?:\s*\[\d{1,3}(?:\s*,\s*\d{1,3})*\])*[.!?]?\s+(?=[^\s\[])|\n\s*(?=[^\s\[])"
)


@dataclass(frozen=True)
class CitedSentence:
    """A sentence and the numbers in its marks, as written: from 1, in order, without repetition."""

    text: str
    numbers: tuple[int, ...]


async def cited_sentences(deltas: AsyncIterator[str]) -> AsyncIterator[CitedSentence]:
    """Sentences in order, each as soon as its end is certain; the rest when the stream ends."""
    buffer = ""
    async for delta in deltas:
        buffer += delta
        ends = [match.end() for match in _CERTAIN_END.finditer(buffer)]
        if not ends:
            continue
        for sentence in parse_sentences(buffer[: ends[-1]]):
            yield sentence
        buffer = buffer[ends[-1] :]
    for sentence in parse_sentences(buffer):
        yield sentence


def parse_sentences(text: str) -> list[CitedSentence]:
    """Whole text → its sentences. Marks behind the full stop belong to the sentence before."""
    # Marks are moved in front of the terminator, so that splitting keeps them with their sentence.
    moved = re.sub(r"([.!?…]+)((?:\s*\[[\d\s,]+\])+)", r"\2\1", text)
    result = []
    for line in moved.splitlines():
        for raw in split_sentences(re.sub(r"^\s*(?:[-*•]|\d{1,3}[.)])\s+", "", line)):
            numbers = [int(n) for m in _MARK.finditer(raw) for n in m[1].split(",")]
            clean = " ".join(_MARK.sub("", raw).replace("**", "").split())
            if re.search(r"\w", clean):
                result.append(CitedSentence(clean, tuple(dict.fromkeys(numbers))))
    return result
