"""How much of a text is in another: words alone, in any order."""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
# The target of a link or picture; the text before it stays.
_TARGET = re.compile(
    r"""\]\(<?[^()\s]*(?:\([^()]*\)[^()\s]*)*>?(?:\s+["'][^\n]*?["'])?\)""", re.ASCII
)
_TAG = re.compile(r"</?[a-zA-Z][^>]*>")
_MARKS = re.compile(r"[*_`~#|>\\]")


def words_of(markdown: str) -> list[str]:
    """Words in lower case, without marks, tags, comments and the targets of links."""
    text = _TARGET.sub("] ", _COMMENT.sub(" ", markdown))
    text = html.unescape(_TAG.sub(" ", text))
    text = unicodedata.normalize("NFKC", _MARKS.sub(" ", text))
    return re.findall(r"\w+", text.lower())


def word_f1(markdown: str, gold: str) -> float:
    """Harmonic mean of precision and recall over the words as often as they occur, from 0 to 1."""
    found, wanted = Counter(words_of(markdown)), Counter(words_of(gold))
    shared = (found & wanted).total()
    return 2 * shared / (found.total() + wanted.total()) if shared else 0.0


def contains(markdown: str, phrase: str) -> bool:
    """Whether the phrase's words stand in the text one behind the other."""
    return f" {' '.join(words_of(phrase))} " in f" {' '.join(words_of(markdown))} "
