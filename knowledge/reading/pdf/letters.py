"""The letters of a page as pdfium gives them, in pieces on one line without wide gaps."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterator
from typing import NamedTuple

import pypdfium2.raw as pdfium

HYPHEN = "\x02"  # pdfium's mark for one at the end of a line
UNKNOWN = "\ufffd"
_SPLIT = 0.6  # of the height of the letters; a wider gap than that may lie between columns
_SAME_LINE = 0.1  # of that height
_LEAST_SIZE, _MOST_SIZE = 1.0, 500.0  # points
_BOLD_WEIGHT = 600
_NAME_LENGTH = 128
_BLANKS = frozenset(" \t\u00a0")
_LINE_ENDS = frozenset("\r\n")


class Letter(NamedTuple):
    """`text` begins with a space where one stands before the letter. The edges of its box are in
    points of the page, y upwards; `place` is its number in pdfium."""

    text: str
    left: float
    bottom: float
    right: float
    top: float
    place: int

    @property
    def height(self) -> float:
        return self.top - self.bottom


Piece = list[Letter]


def read_pieces(raw: pdfium.FPDF_TEXTPAGE) -> Iterator[Piece]:
    """In pdfium's order."""
    piece: Piece = []
    box = pdfium.FS_RECTF()
    box_pointer = ctypes.byref(box)
    get_box = pdfium.FPDFText_GetLooseCharBox
    space = ""
    for place, sign in _signs(raw):
        if sign in _BLANKS:
            space = " "
            continue
        if sign in _LINE_ENDS:
            if piece:
                yield piece
            piece, space = [], ""
            continue
        get_box(raw, place, box_pointer)
        letter = Letter(space + sign, box.left, box.bottom, box.right, box.top, place)
        if piece and _is_apart(piece[-1], letter):
            yield piece
            piece = []
        if space and not piece:
            letter = letter._replace(text=sign)
        piece.append(letter)
        space = ""
    if piece:
        yield piece


def _signs(raw: pdfium.FPDF_TEXTPAGE) -> Iterator[tuple[int, str]]:
    """Each character with its place; two halves of a surrogate pair as one."""
    high = ""
    get = pdfium.FPDFText_GetUnicode
    for place in range(pdfium.FPDFText_CountChars(raw)):
        code = get(raw, place)
        sign = chr(code) if code else UNKNOWN
        if "\ud800" <= sign < "\udc00":
            high = sign
            continue
        if high:
            pair = (high + sign).encode("utf-16-le", "surrogatepass")
            sign = pair.decode("utf-16-le", "replace")[-1:]
            high = ""
        yield place, HYPHEN if sign == "\ufffe" else sign


def _is_apart(one: Letter, other: Letter) -> bool:
    """Whether two neighbouring letters belong to different pieces, however the text is turned."""
    height = min(one.top - one.bottom, other.top - other.bottom)
    gap = other.left - one.right
    if -height < gap < _SPLIT * height and abs(one.bottom - other.bottom) < _SAME_LINE * height:
        return False
    width = min(one.right - one.left, other.right - other.left)
    size = max(height, width, 1.0)
    across = max(gap, one.left - other.right)
    along = max(other.bottom - one.top, one.bottom - other.top)
    if across > _SPLIT * size or along > _SPLIT * size:
        return True
    # On another line: a raised letter is off by less in one of the directions.
    aside = abs(one.left + one.right - other.left - other.right) / 2
    below = abs(one.bottom + one.top - other.bottom - other.top) / 2
    return min(aside, below) > size / 2


def quarter_turns(raw: pdfium.FPDF_TEXTPAGE, piece: Piece) -> int:
    """By how many quarters, counter-clockwise, the piece is turned."""
    clockwise = pdfium.FPDFText_GetCharAngle(raw, piece[0].place)
    return int(-round(clockwise / (math.pi / 2)) % 4)


def size_of(raw: pdfium.FPDF_TEXTPAGE, piece: Piece) -> float:
    """The size of the font on the page, in points; the letters' height where the file does not say
    anything sensible."""
    middle = piece[len(piece) // 2]
    matrix = pdfium.FS_MATRIX()
    if pdfium.FPDFText_GetMatrix(raw, middle.place, ctypes.byref(matrix)):
        size = pdfium.FPDFText_GetFontSize(raw, middle.place) * math.hypot(matrix.c, matrix.d)
        if _LEAST_SIZE < size < _MOST_SIZE:
            return float(size)
    return max(middle.height, _LEAST_SIZE)


def is_bold(raw: pdfium.FPDF_TEXTPAGE, letter: Letter) -> bool:
    name = ctypes.create_string_buffer(_NAME_LENGTH)
    flags = ctypes.c_int()
    pdfium.FPDFText_GetFontInfo(raw, letter.place, name, _NAME_LENGTH, ctypes.byref(flags))
    family = name.value.lower()
    if b"bold" in family or b"black" in family or b"heavy" in family:
        return True
    return bool(pdfium.FPDFText_GetFontWeight(raw, letter.place) >= _BOLD_WEIGHT)
