"""Bands of spans → the rows of a table without lines around its cells."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterator

from knowledge.reading.pdf.bidi import is_rtl
from knowledge.reading.pdf.lines import text_of
from knowledge.reading.pdf.spans import Span

_MOST_CONTINUED = 3  # bands with text in one column only, within a table
_SAME_ROW = 1.15  # times the least distance of lines: still the same row
_NEXT_LINE = 0.4  # times the letters' height: most between two lines of a cell
_NEXT_ROW = 1.3  # times that distance: another row
_OFTEN, _MOSTLY = 0.3, 0.5  # share of the distances


def find_tables(bands: list[list[Span]], edges: list[float]) -> Iterator[tuple[int, int]]:
    """The first and the last band of what may be tables: bands with text in several columns, the
    few between them, and the end of the last row."""
    several = [n for n, band in enumerate(bands) if sum(map(bool, _cells(band, edges))) > 1]
    for first, last in _runs(several):
        yield first, _with_last_lines(bands, last, edges)


def _runs(numbers: list[int]) -> Iterator[tuple[int, int]]:
    """First and last of numbers that follow one another with few missing."""
    run: list[int] = []
    for number in numbers:
        if run and number - run[-1] > _MOST_CONTINUED + 1:
            yield run[0], run[-1]
            run = []
        run.append(number)
    if run:
        yield run[0], run[-1]


def _with_last_lines(bands: list[list[Span]], last: int, edges: list[float]) -> int:
    """The band with the last line of a table whose last row goes on in one of its cells."""
    while last + 1 < len(bands):
        cells = _cells(bands[last + 1], edges)
        gap = min(span.y0 for span in bands[last + 1]) - max(span.y1 for span in bands[last])
        if cells[0] or gap > _NEXT_LINE * bands[last][0].size:
            break
        last += 1
    return last


def _cells(band: list[Span], edges: list[float]) -> list[list[Span]]:
    cells: list[list[Span]] = [[] for _ in range(len(edges) + 1)]
    for span in band:
        cells[sum(edge < span.x0 for edge in edges)].append(span)
    return cells


def find_rows(bands: list[list[Span]], edges: list[float]) -> list[list[str]]:
    """Bands as rows of cells; a band that only goes on in cells of the row above is part of it."""
    middles = [statistics.fmean(span.middle for span in band) for band in bands]
    gaps = [below - above for above, below in itertools.pairwise(middles)]
    least = min(gaps, default=0.0)
    apart = sum(gap > _NEXT_ROW * least for gap in gaps) / max(len(gaps), 1)
    rows: list[list[list[Span]]] = []
    for number, band in enumerate(bands):
        cells = _cells(band, edges)
        near = number > 0 and gaps[number - 1] <= _SAME_ROW * least
        if rows and _continues(rows[-1], cells, near=near, apart=apart):
            for column, more in enumerate(cells):
                rows[-1][column] += more
        else:
            rows.append(cells)
    return from_the_right([[text_of(cell) if cell else "" for cell in row] for row in rows])


def from_the_right(rows: list[list[str]]) -> list[list[str]]:
    """Cells in the order of reading: a table in a right-to-left script begins on the right."""
    if not is_rtl(" ".join(cell for row in rows for cell in row)):
        return rows
    return [row[::-1] for row in rows]


def _continues(row: list[list[Span]], cells: list[list[Span]], *, near: bool, apart: float) -> bool:
    if not near or any(cell and not above for cell, above in zip(cells, row, strict=True)):
        return False
    if sum(map(bool, cells)) == 1 and not cells[0]:
        return True
    # Where most rows stand further apart than lines, every cell may go on.
    return apart > (_MOSTLY if all(cells) else _OFTEN)
