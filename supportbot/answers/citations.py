"""A model's stream of characters → sentences with the numbers they cite.

A pure transformer: it knows neither models nor passages. It yields whole sentences only, so that
each can be checked before a customer reads it. The result does not depend on how the stream is cut
into pieces: a sentence ends only when everything that decides about its end has been seen.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass

from knowledge.text.plain import LIST_MARK
from knowledge.text.sentences import TERMINATORS, goes_on

_MARK = re.compile(r"\s*\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]")
_CLOSERS = r"[\"'”’)*」』\uff09]"
_MARKS = r"(?:\s*\[\d{1,3}(?:\s*,\s*\d{1,3})*\])"
# A terminator with closing quotes and citation marks, or a line end; then the start of a sentence.
# The quantifiers are possessive, so that no shorter match is tried where the longest one fails.
_END = re.compile(
    rf"(?P<stop>{TERMINATORS}){_CLOSERS}*+(?P<marks>{_MARKS}*+)[.!?…]*+(?P<gap>\s*+)(?=[^\s\[])"
    r"|\n\s*+(?=[^\s\[])"
)
# "…here. [1]." has one full stop too many once the mark is removed.
_STOP_AFTER_MARK = re.compile(rf"([.!?…。！？]{_CLOSERS}*)({_MARKS}+)[.!?…]+$")


@dataclass(frozen=True)
class CitedSentence:
    """A sentence and the passage numbers it cites: from 1, in order, each once."""

    text: str
    numbers: tuple[int, ...]


async def cited_sentences(deltas: AsyncGenerator[str]) -> AsyncGenerator[CitedSentence]:
    """Sentences in order, each as soon as its end is certain, the last when the stream ends."""
    text, start = "", 0
    async with aclosing(deltas):
        async for delta in deltas:
            text += delta
            for end in _ends(text, start):
                for sentence in _parse(text, start, end):
                    yield sentence
                start = end
    for sentence in _parse(text, start, len(text)):
        yield sentence


def parse_sentences(text: str) -> list[CitedSentence]:
    """A whole text → its sentences. Marks after a full stop belong to the sentence before it."""
    starts = [0, *_ends(text, 0)]
    ends = [*starts[1:], len(text)]
    return [
        sentence
        for start, end in zip(starts, ends, strict=True)
        for sentence in _parse(text, start, end)
    ]


def _ends(text: str, start: int) -> Iterator[int]:
    """The ends of the sentences after `start`, as far as they are certain."""
    for match in _END.finditer(text, start):
        if match["stop"] is None or _is_end(text, start, match):
            yield match.end()
            start = match.end()


def _is_end(text: str, start: int, match: re.Match[str]) -> bool:
    stop, gap, before = match["stop"], match["gap"], text[start : match.start()]
    if stop == "." and _starts_line(text, start) and re.fullmatch(r"\s*\d{1,3}", before):
        return False  # the mark of a list item
    if stop[0] in "。！？" or match["marks"] or "\n" in gap:
        return True
    if not gap:
        return False  # inside a number, an address or a name
    return stop != "." or not goes_on(before, text[match.end()])


def _starts_line(text: str, start: int) -> bool:
    return not text[:start].strip() or "\n" in text[len(text[:start].rstrip()) : start]


def _parse(text: str, start: int, end: int) -> Iterator[CitedSentence]:
    """The sentence between two ends, unless it has no words."""
    raw = text[start:end].strip()
    if _starts_line(text, start):
        raw = LIST_MARK.sub("", raw)
    numbers = [int(number) for mark in _MARK.finditer(raw) for number in mark[1].split(",")]
    clean = _MARK.sub("", _STOP_AFTER_MARK.sub(r"\1\2", raw)).replace("**", "")
    clean = " ".join(clean.split())
    if re.search(r"\w", clean):
        yield CitedSentence(clean, tuple(dict.fromkeys(numbers)))
