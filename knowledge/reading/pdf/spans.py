"""A page of a PDF → spans: pieces of a line, with their place, size and weight.

Places are in points from the top left corner of the page as it is read: a page or a text that is
turned is turned back.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pypdfium2
import pypdfium2.raw as pdfium

from knowledge.reading.pdf.bidi import has_rtl, in_reading_order, is_rtl
from knowledge.reading.pdf.letters import (
    HYPHEN,
    UNKNOWN,
    Letter,
    Piece,
    is_bold,
    quarter_turns,
    read_pieces,
    size_of,
)

BULLETS = "•●◦▪■□○❏❑➢➤✓✔☐☑☒‣·∙\u2043\x80-\x9f\uf000-\uf0ff"  # also from fonts of signs
LABEL = re.compile(rf"[{BULLETS}–—*o-]|\(?(?:\d{{1,3}}|[a-zA-Z]|[ivxIVX]{{1,5}})[.)]")
_CORE = 0.3  # of the letters' height, above and below the middle
_LEAST_SIZE = 1.0  # points; smaller letters are invisible
_LEAST_NOTED = 3  # letters before a note's number; “m²” has none
_SMALLER = 0.8  # times the others' height: a number of a note
_RAISED = 0.15  # of that height

Box = tuple[float, float, float, float]


@dataclass
class Span:
    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    size: float  # of the font
    bold: bool = False  # throughout
    plain: bool = True  # nowhere bold
    # Where each letter begins and what it is, in the order of reading.
    letters: list[tuple[float, str]] = field(default_factory=list)
    # Of a ruled table, which stands among the spans in the place of those in its cells.
    rows: list[list[str]] = field(default_factory=list)
    edges: list[float] = field(default_factory=list)  # of its columns

    @property
    def core(self) -> tuple[float, float]:
        """Top and bottom without what reaches into the lines above and below."""
        if self.rows:
            return self.y0, self.y1
        return self.middle - _CORE * self.size, self.middle + _CORE * self.size

    @property
    def middle(self) -> float:
        return (self.y0 + self.y1) / 2

    def cut(self, places: list[float]) -> list[Span]:
        """The parts between vertical lines at the given places; itself where none crosses it."""
        places = [x for x in places if self.x0 + 1 < x < self.x1 - 1]
        if not places:
            return [self]
        parts: list[Span] = []
        for left, right in itertools.pairwise([-math.inf, *places, math.inf]):
            letters = [(x, text) for x, text in self.letters if left <= x < right]
            if text := "".join(text for _, text in letters).strip():
                parts.append(self._part(text, letters, min(right, self.x1)))
        return parts

    def _part(self, text: str, letters: list[tuple[float, str]], x1: float) -> Span:
        x0 = min(x for x, _ in letters)
        return Span(text, x0, self.y0, x1, self.y1, self.size, self.bold, self.plain, letters)


def in_line(spans: Iterable[Span]) -> str:
    """The text of spans that stand beside one another."""
    ordered = sorted(spans, key=lambda span: span.x0)
    if is_rtl("".join(span.text for span in ordered)):
        ordered.reverse()
    return " ".join(span.text for span in ordered)


@dataclass(frozen=True)
class PageText:
    """`upright` in the page's own order; `turned` stands across the rest, such as a stamp in the
    margin. `unknown` counts letters that the file has no text for."""

    upright: list[Span]
    turned: list[Span]
    width: float
    height: float
    letters: int = 0
    unknown: int = 0
    quarter_turns: int = 0


def read_spans(page: pypdfium2.PdfPage) -> PageText:
    text_page = page.get_textpage()
    try:
        raw = text_page.raw
        pieces = list(read_pieces(raw))
        text = "".join(letter.text for piece in pieces for letter in piece)
        if has_rtl(text):
            pieces = in_reading_order(pieces, lambda piece: size_of(raw, piece))
        turns = [quarter_turns(raw, piece) for piece in pieces]
        main = Counter(turns).most_common(1)[0][0] if turns else 0
        box: Box = page.get_cropbox()
        spans: tuple[list[Span], list[Span]] = ([], [])
        for piece, turn in zip(pieces, turns, strict=True):
            span = _span(raw, piece, box, turn)
            if span is not None:
                spans[turn != main].append(span)
    finally:
        text_page.close()
    sides = (box[2] - box[0], box[3] - box[1])
    width, height = sides[::-1] if main % 2 else sides
    return PageText(*spans, width, height, len(text), text.count(UNKNOWN), main)


def _span(raw: pdfium.FPDF_TEXTPAGE, piece: Piece, box: Box, turn: int) -> Span | None:
    text = _readable(_with_notes(piece))
    if not text:
        return None
    x0, y0, x1, y1 = turn_back(_edges_of(piece, turn), box, turn)
    if y1 - y0 < _LEAST_SIZE:
        return None
    weights = {is_bold(raw, piece[place]) for place in (0, len(piece) // 2, -1)}
    letters = [(_begin(letter, box, turn), letter.text) for letter in piece]
    size = size_of(raw, piece)
    return Span(text, x0, y0, x1, y1, size, weights == {True}, weights == {False}, letters)


def _edges_of(piece: Piece, turn: int) -> Box:
    """(left, bottom, right, top) of a piece; across the line, where most of its letters are."""
    lefts = [letter.left for letter in piece]
    bottoms = [letter.bottom for letter in piece]
    rights = [letter.right for letter in piece]
    tops = [letter.top for letter in piece]
    if turn % 2:
        return _usual(lefts), min(bottoms), _usual(rights), max(tops)
    return min(lefts), _usual(bottoms), max(rights), _usual(tops)


def _usual(places: list[float]) -> float:
    return sorted(places)[len(places) // 2]


def _begin(letter: Letter, box: Box, turn: int) -> float:
    if turn == 0:
        return letter.left - box[0]
    return turn_back((letter.left, letter.bottom, letter.right, letter.top), box, turn)[0]


def _with_notes(piece: Piece) -> str:
    """The text of a piece; a raised number behind a word refers to a note and is no part of it."""
    text = "".join(letter.text for letter in piece)
    digits = [letter.height for letter in piece if letter.text.isdigit()]
    usual = _usual([letter.height for letter in piece])
    if not digits or min(digits) >= _SMALLER * usual:
        return text
    return "".join(_mark_notes(piece, usual))


def _mark_notes(piece: Piece, usual: float) -> Iterator[str]:
    floor = _usual([letter.bottom for letter in piece])
    inside = False
    word = 0
    for letter in piece:
        small = letter.text.isdigit() and letter.height < _SMALLER * usual
        raised = small and letter.bottom > floor + _RAISED * usual
        if raised and not inside and word >= _LEAST_NOTED:
            inside = True
            yield "["
        elif inside and not raised:
            inside = False
            yield "]"
        word = word + 1 if letter.text.isalpha() else 0
        yield letter.text
    if inside:
        yield "]"


def _readable(text: str) -> str:
    text = text.replace(UNKNOWN, "").strip()
    if text == HYPHEN:
        return "-"
    return text if any(map(str.isprintable, text)) or LABEL.fullmatch(text) else ""


def turn_back(edges: Box, box: Box, turn: int) -> Box:
    """(left, bottom, right, top) on the page → (x0, y0, x1, y1) from the top left corner of the
    text, for text that is turned by so many quarters counter-clockwise."""
    left, bottom, right, top = edges
    return (
        (left - box[0], box[3] - top, right - box[0], box[3] - bottom),
        (bottom - box[1], left - box[0], top - box[1], right - box[0]),
        (box[2] - right, bottom - box[1], box[2] - left, top - box[1]),
        (box[3] - top, box[2] - right, box[3] - bottom, box[2] - left),
    )[turn]
