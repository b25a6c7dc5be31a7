"""How far one passage repeats another, word for word."""

from __future__ import annotations

import re

SHINGLE = 3  # words
MIN_WORDS = 12  # different ones, without numbers; below that, texts are alike by chance

_ADDRESS = re.compile(r"\[?https?://\S+")
_TABLE_HEAD = re.compile(r"^[ \t]*\|.*\n[ \t]*\|?[ \t]*:?-{2,}.*$", re.MULTILINE)
_WORD = re.compile(r"\w+")


def similarity(first: str, second: str) -> float:
    """The share of three-word sequences that both texts have, from 0 to 1 (the resemblance of
    Broder, On the resemblance and containment of documents, 1997).

    A table's header, which each of its passages repeats, and addresses do not count. Texts with
    different numbers or codes in them do not repeat each other, however alike: one is about this
    product, or this amount, and the other about that.
    """
    one, other = _words(first), _words(second)
    if min(_variety(one), _variety(other)) < MIN_WORDS or _codes(one) != _codes(other):
        return 0.0
    both = _shingles(one), _shingles(other)
    return len(both[0] & both[1]) / len(both[0] | both[1])


def _words(text: str) -> list[str]:
    return _WORD.findall(_TABLE_HEAD.sub("", _ADDRESS.sub("", text)).lower())


def _variety(words: list[str]) -> int:
    return len({word for word in words if word.isalpha()})


def _codes(words: list[str]) -> set[str]:
    return {word for word in words if any(character.isdigit() for character in word)}


def _shingles(words: list[str]) -> set[tuple[str, ...]]:
    return {tuple(words[at : at + SHINGLE]) for at in range(len(words) - SHINGLE + 1)}
