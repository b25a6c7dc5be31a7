"""Sibling names: two words that differ in the second, such as “Ingle One” and “Ingle Duo”, or
“Heron 0.9” and “Heron 1.2”. A question about one is not answered by a text about the other.

Names are taken from the passages, which write them with capitals or numbers; questions often do
not.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Mapping, Sequence

Pair = tuple[str, str]
Names = Mapping[str, frozenset[str]]  # first word → the second words in the question

_WORD = r"(?:[A-Z][\w]*|\d+(?:[.,]\d+)*)"
_NAME = re.compile(rf"(?<![\w.])([A-Z][a-zA-Z]+)(?=\s({_WORD}))")
_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+")


def names_in_question(question: str, texts: Sequence[str]) -> Names:
    """The names of the texts that the question contains, too."""
    known: set[Pair] = set()
    for text in texts:
        known |= names_in(text)
    tokens = _TOKEN.findall(question.lower())
    found: dict[str, set[str]] = {}
    for first, second in itertools.pairwise(tokens):
        if (first, second) in known:
            found.setdefault(first, set()).add(second)
    return {first: frozenset(seconds) for first, seconds in found.items()}


def compare_names(names: Names, text: str, above: str) -> int:
    """1 if the text is about a thing in the question, -1 if it is only about a sibling, 0 if it is
    about neither. `above` (title and headings) decides only if the text itself has no such name."""
    if not names:
        return 0
    for part in (text, above):
        found = [(first, second) for first, second in names_in(part) if first in names]
        if found:
            return 1 if any(second in names[first] for first, second in found) else -1
    return 0


@functools.lru_cache(maxsize=20_000)
def names_in(text: str) -> frozenset[Pair]:
    """(first word, second word), in lower case."""
    return frozenset((match[1].lower(), match[2].lower()) for match in _NAME.finditer(text))
