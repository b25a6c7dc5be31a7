"""Lines of a column → paragraphs, list items and headings in Markdown."""

from __future__ import annotations

import bisect
import itertools
import re
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from knowledge.reading import markdown
from knowledge.reading.pdf.layout import Column
from knowledge.reading.pdf.lines import Line, join_lines
from knowledge.reading.pdf.spans import BULLETS

_BULLET = re.compile(rf"(?:[{BULLETS}]|[–—*o-](?= ))\s*")
_NUMBER = re.compile(r"(\d{1,3})[.)] ")
_LETTERED = re.compile(r"\(?(?:[a-zA-Z]|[ivx]{1,5})[.)] ")
_LEADERS = re.compile(r"\s*(?:\.\s?){4,}|\s*…{2,}")  # to the page numbers in a table of contents
_WORD = re.compile(r"[^\W\d_]{2}")
_SENTENCE_END = re.compile(r"[.!?:;…。！？][”’\"')\]]?$")
# Sizes of headings as multiples of that of the text, and the level of each.
_LEVELS = ((1.6, 1), (1.3, 2), (1.12, 3))
_BOLD_LEVEL = 4
_WIDE_GAP = 1.35  # times the usual distance of lines: another paragraph
_MOST_DISTANCE = 2.5  # times the letters' height, of lines in a paragraph
_SHORT = 0.75  # of the column: the last line of a paragraph
_INDENT = 0.8  # of the letters' height
_DEEPEST = 3
_MOST_HEADING_LINES = 3
_MOST_HEADING_LETTERS = 150
_MOST_BOLD_WORDS = 12


@dataclass(frozen=True)
class Style:
    """How a document sets its text: the size of the letters, and how far one line is below the
    other as a multiple of it. `levels` gives the headings that occur numbers from 1."""

    size: float = 0.0
    distance: float = 1.2
    levels: Sequence[int] = ()


def find_style(columns: Sequence[Column]) -> Style:
    letters: Counter[float] = Counter()
    distances: Counter[float] = Counter()
    for column in columns:
        for line in column.lines:
            letters[round(line.size * 2) / 2] += len(line.text)
        distances.update(round(distance, 1) for distance in _distances(column.lines))
    size = max(letters.items(), key=lambda entry: entry[1], default=(0.0, 0))[0]
    distance = max(distances.items(), key=lambda entry: entry[1], default=(1.2, 0))[0]
    style = Style(size, distance)
    found = {
        level
        for column in columns
        for paragraph in _paragraphs(column, style)
        if (level := _heading_level(paragraph, _text_of(paragraph), style)) is not None
    }
    return Style(size, distance, sorted(found))


def render_column(column: Column, style: Style) -> list[str]:
    paragraphs = _paragraphs(column, style)
    indents = _indents_of(paragraphs)
    return [_render(paragraph, style, indents) for paragraph in paragraphs]


def _distances(lines: Sequence[Line]) -> list[float]:
    found = (
        (below.y0 - above.y0) / above.size
        for above, below in itertools.pairwise(lines)
        if abs(above.size - below.size) < 0.1 * above.size
    )
    return [distance for distance in found if 0 < distance < _MOST_DISTANCE]


def _text_of(paragraph: Iterable[Line]) -> str:
    return join_lines(_LEADERS.sub(" ", line.text) for line in paragraph)


def _indents_of(paragraphs: list[list[Line]]) -> list[float]:
    """Where list items begin, from the left, for their levels."""
    firsts = [paragraph[0] for paragraph in paragraphs if _is_item(paragraph[0].text)]
    indents: list[float] = []
    for begin, size in sorted((line.reach[0], line.size) for line in firsts):
        if not indents or begin > indents[-1] + _INDENT * size:
            indents.append(begin)
    return indents


def _paragraphs(column: Column, style: Style) -> list[list[Line]]:
    own = _distances(column.lines)
    usual = min(statistics.median_low(own), style.distance) if own else style.distance
    paragraphs: list[list[Line]] = []
    begin = min(line.reach[0] for line in column.lines)
    end = max(line.reach[1] for line in column.lines)
    short = begin + _SHORT * (end - begin)
    for line in column.lines:
        if paragraphs and not _starts_paragraph(paragraphs[-1], line, short, usual):
            paragraphs[-1].append(line)
        else:
            paragraphs.append([line])
    return paragraphs


def _starts_paragraph(paragraph: list[Line], line: Line, short: float, usual: float) -> bool:
    """`short` is where a line ends that does not fill the column."""
    last, first = paragraph[-1], paragraph[0]
    if abs(last.size - line.size) > 0.12 * max(last.size, line.size):
        return True
    if (last.bold and line.plain) or (last.plain and line.bold):
        return True
    if _BULLET.match(line.text) or _starts_numbered(line, first) or _LEADERS.search(last.text):
        return True
    if (line.y0 - last.y0) / last.size > _WIDE_GAP * usual:
        return True
    if last.reach[1] < short and _SENTENCE_END.search(last.text):
        return True
    # The first line of a paragraph is indented, and all but the first of a list item.
    return line.reach[0] > last.reach[0] + _INDENT * line.size and len(paragraph) > 1


def _starts_numbered(line: Line, first: Line) -> bool:
    if _NUMBER.match(line.text) is None and _LETTERED.match(line.text) is None:
        return False
    # Within a paragraph “1. ” at the start of a line may end a sentence.
    return line.reach[0] <= first.reach[0] + _INDENT * line.size or not _is_item(first.text)


def _is_item(text: str) -> bool:
    return any(form.match(text) for form in (_BULLET, _NUMBER, _LETTERED))


def _render(paragraph: list[Line], style: Style, indents: list[float]) -> str:
    text = _text_of(paragraph)
    level = _heading_level(paragraph, text, style)
    if level is not None:
        return markdown.heading(1 + bisect.bisect_left(style.levels, level), text)
    depth = min(max(bisect.bisect(indents, paragraph[0].reach[0] + 1) - 1, 0), _DEEPEST)
    if found := _BULLET.match(text):
        return markdown.item(text[found.end() :], level=depth)
    if found := _NUMBER.match(text):
        return markdown.item(text[found.end() :], level=depth, number=int(found.group(1)))
    return text


def _heading_level(paragraph: list[Line], text: str, style: Style) -> int | None:
    if len(paragraph) > _MOST_HEADING_LINES or len(text) > _MOST_HEADING_LETTERS:
        return None
    if not re.search(r"[^\W\d_]", text) or _BULLET.match(text):
        return None
    size = statistics.median(line.size for line in paragraph)
    for least, level in _LEVELS:
        if size > style.size * least:
            return level
    ends = _SENTENCE_END.search(text) or text.endswith(",") or not _WORD.search(text)
    if all(line.bold for line in paragraph) and len(text.split()) <= _MOST_BOLD_WORDS and not ends:
        return _BOLD_LEVEL
    return None
