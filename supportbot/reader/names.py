"""Names of two words that differ in the second: “Ingle One” and “Ingle Duo”, “Heron 0.9” and
“Heron 1.2”. Who asks about one of them is not answered by the other.

Names are read off the passages, where they are written with capitals or numbers; a question is
often written without.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Mapping, Sequence

Pair = tuple[str, str]
Names = Mapping[str, frozenset[str]]  # first word → the second words that are asked for

_WORD = r"(?:[A-Z][\w]*|\d+(?:[.,]\d+)*)"
_NAME = re.compile(rf"(?<![\w.])([A-Z][a-zA-Z]+)(?=\s({_WORD}))")
_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+")


def asked_names(question: str, texts: Sequence[str]) -> Names:
    """The names in the texts that stand in the question, too; those without a sibling left out."""
    known: set[Pair] = set()
    for text in texts:
        known |= names_in(text)
    tokens = _TOKEN.findall(question.lower())
    asked: dict[str, set[str]] = {}
    for first, second in itertools.pairwise(tokens):
        if (first, second) in known:
            asked.setdefault(first, set()).add(second)
    return {first: frozenset(seconds) for first, seconds in asked.items()}


def compared(names: Names, text: str, above: str) -> int:
    """1 if the text, or what stands above it, is about what is asked for, -1 if about a sibling
    alone, 0 if about neither. What the text says itself counts."""
    if not names:
        return 0
    for part in (text, above):
        found = [(first, second) for first, second in names_in(part) if first in names]
        if found:
            return 1 if any(second in names[first] for first, second in found) else -1
    return 0


@functools.lru_cache(maxsize=20_000)
def names_in(text: str) -> frozenset[Pair]:
    """(first word, second word), in small letters."""
    return frozenset((match[1].lower(), match[2].lower()) for match in _NAME.finditer(text))
