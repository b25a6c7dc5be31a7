"""Spans of a page → regions in reading order: columns of text, and tables without lines.

A page is cut into bands, rows of spans between which runs a white stripe from side to side. Bands
one below the other that leave the same vertical corridors free belong together; they are columns
of text where both sides hold running text, and a table where they do not. After the recursive X-Y
cut (Nagy and Seth 1984), with bands in place of its horizontal cuts.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field

from knowledge.reading.pdf.bidi import is_rtl
from knowledge.reading.pdf.corridors import (
    LEAST,
    Corridor,
    beside_text,
    find_edges,
    find_free,
    intersect,
)
from knowledge.reading.pdf.lines import Line, find_lines, has_running_text
from knowledge.reading.pdf.rows import find_rows, find_tables
from knowledge.reading.pdf.spans import Span

_FAR = 4.0  # times the letters' height: bands further apart do not belong together
_BESIDE = 0.25  # of that height: lines that near stand beside one another
_ALIGNED = 0.6  # share of the lines of a column that stand beside others in a table
_MOST_ROW_LINES = 12  # of all cells together, where they stand at different heights
_SAME_PLACE = 6.0  # points
_LEAST_ROWS = 2
_SURE_ROWS = 3  # fewer need corridors that the words of a line do not leave between them
_SURE_CORRIDOR = 2.0  # times the letters' height


@dataclass
class Column:
    """Lines from top to bottom, within the width they share."""

    lines: list[Line]
    x0: float
    x1: float


@dataclass
class Table:
    """`edges` are the places of its columns. `lines`, once set, are the rows in Markdown, without a
    header where the table only goes on from the page before."""

    rows: list[list[str]]
    edges: list[float]
    lines: list[str] = field(default_factory=list)

    def goes_on_in(self, below: Table) -> bool:
        """Whether a table at the top of the next page is the rest of this one."""
        if len(self.edges) != len(below.edges):
            return False
        same = self.rows[0] == below.rows[0]
        pairs = zip(self.edges, below.edges, strict=True)
        return same or all(abs(one - other) <= _SAME_PLACE for one, other in pairs)


Region = Column | Table


class _Group:
    """Bands, and the stretches of the page's width that all of them leave free."""

    def __init__(self, band: list[Span]) -> None:
        self.bands = [band]
        self.free = find_free(band)
        self._x0, self._x1, self._y1, self._size = _extent(band)

    @property
    def spans(self) -> list[Span]:
        return [span for band in self.bands for span in band]

    def corridors(self) -> list[Corridor]:
        """Free stretches that are wide enough, with text on the left and on the right."""
        return _inner(self.free, self._x0, self._x1, self._size)

    def takes(self, band: list[Span]) -> bool:
        """Adds the band, unless it is far below, closes all corridors or is the first with one."""
        x0, x1, y1, size = _extent(band)
        free = find_free(band)
        both = intersect(self.free, free)
        left, right, least = min(self._x0, x0), max(self._x1, x1), min(self._size, size)
        near = min(span.y0 for span in band) - self._y1 < _FAR * size
        alike = _inner(both, left, right, least) or not (
            self.corridors() or _inner(free, x0, x1, size)
        )
        if not (near and alike):
            return False
        self.bands.append(band)
        self.free, self._x0, self._x1, self._y1, self._size = both, left, right, y1, least
        return True


def _extent(band: list[Span]) -> tuple[float, float, float, float]:
    """(left, right, bottom, size of the letters)."""
    x0, x1 = min(span.x0 for span in band), max(span.x1 for span in band)
    return x0, x1, max(span.y1 for span in band), statistics.median(span.size for span in band)


def _inner(free: list[Corridor], left: float, right: float, size: float) -> list[Corridor]:
    return [(a, b) for a, b in free if a > left and b < right and b - a >= LEAST * size]


def find_regions(spans: list[Span]) -> list[Region]:
    regions = [region for group in _groups(_bands(spans)) for region in _regions_of(group)]
    return _joined(regions)


def _joined(regions: list[Region]) -> list[Region]:
    """Text that goes on below as one column, so that its paragraphs are not cut."""
    joined: list[Region] = []
    for region in regions:
        last = joined[-1] if joined else None
        if isinstance(region, Column) and isinstance(last, Column) and _goes_on(last, region):
            x0, x1 = min(last.x0, region.x0), max(last.x1, region.x1)
            joined[-1] = Column([*last.lines, *region.lines], x0, x1)
        else:
            joined.append(region)
    return joined


def _goes_on(above: Column, below: Column) -> bool:
    shared = min(above.x1, below.x1) - max(above.x0, below.x0)
    narrower = min(above.x1 - above.x0, below.x1 - below.x0)
    return below.lines[0].y0 >= above.lines[-1].y0 and shared > 0.5 * narrower


def _bands(spans: list[Span]) -> list[list[Span]]:
    bands: list[list[Span]] = []
    bottom = float("-inf")
    for span in sorted(spans, key=lambda span: span.core):
        top, end = span.core
        if bands and top < bottom:
            bands[-1].append(span)
            bottom = max(bottom, end)
        else:
            bands.append([span])
            bottom = end
    return bands


def _groups(bands: list[list[Span]]) -> list[_Group]:
    groups: list[_Group] = []
    for band in bands:
        if not (groups and groups[-1].takes(band)):
            groups.append(_Group(band))
    return groups


def _regions_of(group: _Group) -> list[Region]:
    spans = group.spans
    corridors = beside_text(group.corridors(), spans)
    if not corridors:
        return _stack(spans)
    for left, _ in sorted(corridors, key=lambda corridor: corridor[0] - corridor[1]):
        sides = (
            [span for span in spans if span.x0 <= left],
            [span for span in spans if span.x0 > left],
        )
        if _are_columns(*sides):
            first, second = reversed(sides) if is_rtl(_text(spans)) else sides
            return [*find_regions(first), *find_regions(second)]
    return list(_with_tables(group.bands, [left for left, _ in corridors]))


def _are_columns(left: list[Span], right: list[Span]) -> bool:
    """Whether both are read from top to bottom, rather than row by row."""
    if any(span.rows for span in (*left, *right)):
        return True
    if has_running_text(left, together=True) and has_running_text(right, together=True):
        return True
    first, second = sorted((find_lines(left), find_lines(right)), key=len)
    beside = sum(any(abs(one.y0 - two.y0) < _BESIDE * one.size for two in second) for one in first)
    if beside >= _ALIGNED * len(first):
        return False
    longest = max(len(find_lines(band)) for band in _bands([*left, *right]))
    return longest > _MOST_ROW_LINES or (has_running_text(left) and has_running_text(right))


def _text(spans: list[Span]) -> str:
    return " ".join(span.text for span in spans)


def _stack(spans: list[Span]) -> list[Region]:
    """Text, and ruled tables between what is above and what is below them."""
    found: list[Region] = []
    for table in sorted((span for span in spans if span.rows), key=lambda span: span.y0):
        above = [span for span in spans if not span.rows and span.middle < table.y0]
        spans = [span for span in spans if not span.rows and span.middle >= table.y0]
        found += [*_column(above), Table(table.rows, table.edges)]
    return [*found, *_column([span for span in spans if not span.rows])]


def _column(spans: list[Span]) -> list[Region]:
    if not spans:
        return []
    lines = find_lines(spans)
    return [Column(lines, min(line.x0 for line in lines), max(line.x1 for line in lines))]


def _with_tables(bands: list[list[Span]], edges: list[float]) -> Iterator[Region]:
    """Tables, and what is above, below and between them as text."""
    start = 0
    for first, last in find_tables(bands, edges):
        inner = bands[first : last + 1]
        places = find_edges(inner, LEAST if len(inner) >= _SURE_ROWS else _SURE_CORRIDOR)
        if len(inner) < _LEAST_ROWS or not places:
            continue
        if before := [span for band in bands[start:first] for span in band]:
            yield from find_regions(before)
        yield Table(find_rows(inner, places), places)
        start = last + 1
    if after := [span for band in bands[start:] for span in band]:
        yield from find_regions(after) if start else _stack(after)
