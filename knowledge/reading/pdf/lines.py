"""Spans → lines from top to bottom, and lines → the text of a paragraph."""

from __future__ import annotations

import itertools
import re
import statistics
from collections.abc import Iterable
from dataclasses import dataclass

from knowledge.reading.pdf.bidi import is_rtl
from knowledge.reading.pdf.letters import HYPHEN
from knowledge.reading.pdf.spans import LABEL, Span, in_line

_LONG_LINE = 22  # letters of a usual line of running text
_LEAST_LINES = 3  # of running text, one below the other
_WIDE_GAP = 2.0  # of the letters' height, within a line of a table
_PREFIXES = frozenset({"ex", "self", "non"})
_FULL = 0.7  # of a column's width, which lines of running text fill


@dataclass
class Line:
    spans: list[Span]
    text: str = ""
    x0: float = 0.0
    y0: float = 0.0
    x1: float = 0.0
    y1: float = 0.0
    size: float = 0.0
    bold: bool = False
    plain: bool = False
    # Where the line begins and ends in the direction of its script.
    reach: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        self.text = in_line(self.spans)
        self.x0 = min(span.x0 for span in self.spans)
        self.y0 = min(span.y0 for span in self.spans)
        self.x1 = max(span.x1 for span in self.spans)
        self.y1 = max(span.y1 for span in self.spans)
        widest = max(self.spans, key=lambda span: span.x1 - span.x0)
        self.size = widest.size
        written = [span for span in self.spans if not LABEL.fullmatch(span.text)]
        self.bold = bool(written) and all(span.bold for span in written)
        self.reach = (-self.x1, -self.x0) if is_rtl(self.text) else (self.x0, self.x1)
        self.plain = all(span.plain for span in written)

    @property
    def has_wide_gap(self) -> bool:
        ordered = sorted(self.spans, key=lambda span: span.x0)
        return any(
            right.x0 - left.x1 > _WIDE_GAP * self.size
            for left, right in itertools.pairwise(ordered)
        )


def find_lines(spans: list[Span]) -> list[Line]:
    rows: list[list[Span]] = []
    for span in sorted(spans, key=lambda span: span.middle):
        row = rows[-1] if rows else None
        if row is not None and abs(statistics.fmean(s.middle for s in row) - span.middle) < (
            0.5 * min(span.size, max(s.size for s in row))
        ):
            row.append(span)
        else:
            rows.append([span])
    return [Line(row) for row in rows]


def has_running_text(spans: list[Span], *, together: bool = False) -> bool:
    """Whether some lines, one below the other if `together`, are long and fill the width."""
    lines = find_lines(spans)
    x0 = min(line.x0 for line in lines)
    width = max(line.x1 for line in lines) - x0
    full = [
        len(line.text) >= _LONG_LINE and line.x1 - x0 >= _FULL * width and not line.has_wide_gap
        for line in lines
    ]
    if not together:
        return sum(full) >= _LEAST_LINES
    runs = (len(list(run)) for long, run in itertools.groupby(full) if long)
    return max(runs, default=0) >= _LEAST_LINES


def text_of(spans: list[Span]) -> str:
    """The text of one cell."""
    return join_lines(line.text for line in find_lines(spans))


def join_lines(lines: Iterable[str]) -> str:
    """Lines of a paragraph; a word that is hyphenated at the end of one keeps pdfium's mark."""
    text = ""
    for line in lines:
        if text.endswith(HYPHEN):
            text += line
        elif re.search(r"[^\W\d_][-\u2010\u00ad]$", text) and line[:1].islower():
            text = text[:-1] + HYPHEN + line
        else:
            text = f"{text} {line}" if text else line
    return text


def without_hyphens(text: str) -> str:
    """Words that were hyphenated at the end of a line in one piece.

    Which of them have a hyphen of their own, the document tells: by writing them elsewhere, or by
    writing both parts as words.
    """
    if HYPHEN not in text:
        return text
    words = set(re.findall(r"\w+", text.lower().replace(HYPHEN, "_")))
    compounds = set(re.findall(r"\w+-\w+", text.lower()))

    def whole(found: re.Match[str]) -> str:
        left, right = found.groups()
        joined, compound = left + right, f"{left}-{right}"
        if joined.lower() in words:
            return joined
        if compound.lower() in compounds or left.lower() in _PREFIXES or not right[0].islower():
            return compound
        return compound if {left.lower(), right.lower()} <= words else joined

    text = re.sub(rf"(\w+){HYPHEN}\s*(\w+)", whole, text)
    return text.replace(HYPHEN, "-")
