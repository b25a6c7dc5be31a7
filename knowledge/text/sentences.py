"""Running text → whole sentences."""

from __future__ import annotations

import re

_ABBREVIATIONS = frozenset(
    {"e.g", "i.e", "etc", "vs", "approx", "incl", "excl", "no", "nos", "art", "sec", "dr", "mr"}
    | {"mrs", "ms", "st", "jr", "sr", "inc", "ltd", "co", "fig", "p", "pp", "est", "min", "max"}
    | {"tel", "ext", "dept", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept"}
    | {"oct", "nov", "dec"}
)
# Where a document is cut into passages these count as well.
_RARER_ABBREVIATIONS = frozenset(
    {"al", "ca", "cf", "corp", "eq", "figs", "gen", "prof", "u.k", "u.s", "vol"}
    | {"bzw", "d.h", "evtl", "ggf", "inkl", "nr", "p.ex", "str", "usw", "z.b"}
)
TERMINATORS = r"(?:[.!?…]++|[。！？]++)"
# A terminator, closing quotes or brackets, then space and something that can start a sentence.
_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s+\S)|[。！？]+[」』”’\uff09]*")
_BEFORE_CAPITAL = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+(?=[\"'“‘(\[]?[A-Z0-9£€$])")


def split_sentences(text: str, *, before_capitals: bool = False) -> list[str]:
    """Whole sentences of running text, in order, without the space between them.

    With `before_capitals` a sentence ends only before a capital letter, a digit or a price,
    whatever word the full stop follows, and without its closing quotes. Statements are compared so.
    """
    if before_capitals:
        return [sentence for sentence in _BEFORE_CAPITAL.split(text) if sentence.strip()]
    sentences, start = [], 0
    for match in _END.finditer(text):
        if _is_end(text, match, start):
            sentences.append(text[start : match.end()].strip())
            start = match.end()
    rest = text[start:].strip()
    return [*sentences, rest] if rest else sentences


def _is_end(text: str, match: re.Match[str], start: int) -> bool:
    if not match.group().startswith(".") or match.group().startswith(".."):
        return True
    return not goes_on(text[start : match.start()], text[match.end() :].lstrip()[:1])


def goes_on(before: str, following: str) -> bool:
    """Whether a sentence goes on behind a full stop that stands between these two."""
    words = before.rsplit(None, 1)
    word = words[-1].lstrip("(\"'“‘") if words else ""
    # "Art. 5" and "e.g. this" go on; "… by 5 p.m. The shop" does not, and is rare enough.
    return is_abbreviation(word) or following.islower()


def is_abbreviation(word: str, *, rarer: bool = False) -> bool:
    """Whether a full stop behind the word seldom ends a sentence; `rarer` asks a longer list."""
    word = word.lower()
    return (
        word in _ABBREVIATIONS
        or (len(word) == 1 and word.isalpha())
        or (rarer and word in _RARER_ABBREVIATIONS)
    )
