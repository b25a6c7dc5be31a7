"""Lines written from right to left: letters by their places on the page → the order of reading.

A PDF places such letters in any order. Read from the right, they are in order but for numbers and
words in other scripts, which run from left to right (Unicode Standard Annex 9, turned around).
"""

from __future__ import annotations

import itertools
import re
import statistics
import unicodedata
from collections.abc import Callable

from knowledge.reading.pdf.letters import Letter, Piece

_RTL = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")
_SPACE = 0.2  # of the font's size; letters of one word stand up to 0.17 apart
_PIECE = 0.6  # of it; what stands further apart may lie in different columns
_OPENING, _CLOSING = "([{", ")]}"


def has_rtl(text: str) -> bool:
    return not text.isascii() and _RTL.search(text) is not None


def is_rtl(text: str) -> bool:
    """Whether most of the letters are written from right to left."""
    if not has_rtl(text):
        return False
    directions = list(map(unicodedata.bidirectional, text))
    return directions.count("R") + directions.count("AL") > directions.count("L")


def in_reading_order(pieces: list[Piece], size_of: Callable[[Piece], float]) -> list[Piece]:
    """The pieces of a page; those on lines with right-to-left letters are made anew. `size_of`
    gives the size of a piece's font: the boxes of such letters are often drawn tightly."""
    lines: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda piece: -_middle(piece)):
        last = lines[-1] if lines else None
        if last and abs(_middle(last[0]) - _middle(piece)) < size_of(piece) / 2:
            last.append(piece)
        else:
            lines.append([piece])
    ordered: list[Piece] = []
    for line in lines:
        if any(map(_has_rtl, line)):
            ordered += _turn_around(line, statistics.median(map(size_of, line)))
        else:
            ordered += line
    return ordered


def _turn_around(line: list[Piece], size: float) -> list[Piece]:
    letters = [letter._replace(text=letter.text.strip()) for piece in line for letter in piece]
    letters.sort(key=lambda letter: letter.left + letter.right)
    parts: list[Piece] = []
    right = float("-inf")
    for letter in letters:
        gap = letter.left - right
        if gap > _PIECE * size:
            parts.append([])
        elif gap > _SPACE * size:
            parts[-1].append(letter._replace(text=" "))
        parts[-1].append(letter)
        right = max(right, letter.right)
    return [_logical(part) if _has_rtl(part) else part for part in parts]


def _logical(letters: Piece) -> Piece:
    """Letters from left to right → in the order of reading."""
    pairs = _with_directions(letters)
    runs = [list(run) for _, run in itertools.groupby(pairs, key=lambda pair: pair[1])]
    ordered: Piece = []
    for run in reversed(runs):
        part = [letter for letter, _ in run]
        ordered += part if run[0][1] else part[::-1]
    return _with_brackets(ordered)


def _with_directions(letters: Piece) -> list[tuple[Letter, bool]]:
    """Each letter, and whether it runs from left to right: numbers and words of other scripts,
    and what stands between two of them."""
    forward: list[bool | None] = []
    for letter in letters:
        kinds = {unicodedata.bidirectional(sign) for sign in letter.text}
        if kinds & {"R", "AL"}:
            forward.append(False)
        elif kinds & {"L", "EN", "AN"}:
            forward.append(True)
        else:
            forward.append(None)
    decided = list(forward)
    for place, value in enumerate(forward):
        if value is None:
            before = next((v for v in reversed(forward[:place]) if v is not None), False)
            after = next((v for v in forward[place + 1 :] if v is not None), False)
            decided[place] = before and after
    return list(zip(letters, map(bool, decided), strict=True))


def _with_brackets(letters: Piece) -> Piece:
    """Brackets turned the way they open and close, whichever way the file names them."""
    depth = 0
    turned: Piece = []
    for letter in letters:
        kind = next((n for n in range(3) if letter.text in (_OPENING[n], _CLOSING[n])), None)
        if kind is not None:
            text = _CLOSING[kind] if depth else _OPENING[kind]
            depth += -1 if depth else 1
            turned.append(letter._replace(text=text))
        else:
            turned.append(letter)
    return turned


def _has_rtl(piece: Piece) -> bool:
    return has_rtl("".join(letter.text for letter in piece))


def _middle(piece: Piece) -> float:
    return (piece[0].bottom + piece[0].top) / 2
