"""Drawn lines of a page → the grids of its ruled tables."""

from __future__ import annotations

import ctypes
import statistics
from collections.abc import Iterator
from dataclasses import dataclass

import pypdfium2
import pypdfium2.raw as pdfium

from knowledge.reading.pdf.spans import Span, turn_back

_THIN = 3.0  # points; a filled shape that is thinner is a line
_NEAR = 3.0  # points between what is meant to be one place
_LEAST_LENGTH = 8.0
_LEAST_LINES = 3  # in each direction: two rows and two columns
_DOT = 1.5  # points; a smaller square is no bullet
_MOST_PATHS = 20_000  # a page with more is a drawing
_MOST_OF_PAGE = 0.7
_MOST_SEGMENTS = 14  # of a shape; one with more is a letter or an icon
_MOST_DEPTH = 4  # of forms within forms


@dataclass(frozen=True)
class Rule:
    """A line at `place` (y of a horizontal one, x of a vertical one) from `start` to `end`."""

    place: float
    start: float
    end: float


@dataclass(frozen=True)
class Grid:
    """The lines of one table: cells lie between neighbouring `xs` and neighbouring `ys`."""

    xs: list[float]
    ys: list[float]
    horizontal: list[Rule]
    vertical: list[Rule]

    def has_line_above(self, row: int, column: int) -> bool:
        middle = (self.xs[column] + self.xs[column + 1]) / 2
        return _is_drawn(self.horizontal, self.ys[row], middle)

    def has_line_left(self, row: int, column: int) -> bool:
        middle = (self.ys[row] + self.ys[row + 1]) / 2
        return _is_drawn(self.vertical, self.xs[column], middle)

    def lines_across(self, y: float) -> list[float]:
        """Where vertical lines cross a line of text."""
        return [x for x in self.xs if _is_drawn(self.vertical, x, y)]


def read_drawn(
    page: pypdfium2.PdfPage, box: tuple[float, float, float, float], turn: int
) -> tuple[list[Grid], list[Span]]:
    """The grids, and the bullets of lists that are drawn instead of written."""
    bullets: list[Span] = []
    horizontal: list[Rule] = []
    vertical: list[Rule] = []
    most = _MOST_OF_PAGE * (box[2] - box[0]) * (box[3] - box[1])
    for edges in _boxes(page):
        x0, y0, x1, y1 = turn_back(edges, box, turn)
        width, height = x1 - x0, y1 - y0
        if max(width, height) < _LEAST_LENGTH and _DOT < min(width, height) > 0.8 * max(
            width, height
        ):
            bullets.append(Span("•", x0, y0, x1, y1, height))
        if width * height > most:
            continue  # the ground of the page
        if height <= _THIN < _LEAST_LENGTH <= width:
            horizontal.append(Rule((y0 + y1) / 2, x0, x1))
        elif width <= _THIN < _LEAST_LENGTH <= height:
            vertical.append(Rule((x0 + x1) / 2, y0, y1))
        elif width > _LEAST_LENGTH and height > _LEAST_LENGTH:
            horizontal += [Rule(y0, x0, x1), Rule(y1, x0, x1)]
            vertical += [Rule(x0, y0, y1), Rule(x1, y0, y1)]
    return list(_grids(_merge(horizontal), _merge(vertical))), bullets


def _boxes(page: pypdfium2.PdfPage) -> Iterator[tuple[float, float, float, float]]:
    edges = [ctypes.c_float() for _ in range(4)]
    count = 0
    for entry in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_PATH], max_depth=_MOST_DEPTH):
        count += 1
        if count > _MOST_PATHS:
            return
        if not pdfium.FPDFPageObj_GetBounds(entry.raw, *map(ctypes.byref, edges)):
            continue
        left, bottom, right, top = (edge.value for edge in edges)
        small = max(right - left, top - bottom) < _LEAST_LENGTH
        if small or pdfium.FPDFPath_CountSegments(entry.raw) <= _MOST_SEGMENTS:
            yield left, bottom, right, top


def _merge(rules: list[Rule]) -> list[Rule]:
    """Lines that continue or cover one another as one."""
    merged: list[Rule] = []
    rest = sorted(rules, key=lambda rule: rule.place)
    while rest:
        near = [rule for rule in rest if rule.place - rest[0].place <= _NEAR]
        rest = rest[len(near) :]
        near.sort(key=lambda rule: rule.start)
        line = near[0]
        for rule in near[1:]:
            if rule.start <= line.end + _NEAR:
                line = Rule(line.place, line.start, max(line.end, rule.end))
            else:
                merged.append(line)
                line = rule
        merged.append(line)
    return merged


def _grids(horizontal: list[Rule], vertical: list[Rule]) -> Iterator[Grid]:
    """Groups of lines that cross or touch one another."""
    left = set(range(len(vertical)))
    rows = set(range(len(horizontal)))
    while rows:
        group_h, group_v = {rows.pop()}, set[int]()
        frontier = list(group_h)
        while frontier:
            touched = {v for v in left if any(_touch(horizontal[h], vertical[v]) for h in frontier)}
            left -= touched
            group_v |= touched
            frontier = [h for h in rows if any(_touch(horizontal[h], vertical[v]) for v in touched)]
            rows -= set(frontier)
            group_h |= set(frontier)
        ys = _places([horizontal[h] for h in group_h])
        xs = _with_open_sides(
            _places([vertical[v] for v in group_v]), [horizontal[h] for h in group_h]
        )
        if min(len(xs), len(ys)) >= _LEAST_LINES:
            yield Grid(xs, ys, [horizontal[h] for h in group_h], [vertical[v] for v in group_v])


def _with_open_sides(xs: list[float], horizontal: list[Rule]) -> list[float]:
    """A table need not be closed at its sides: its rows end where most lines between them do."""
    if not xs:
        return xs
    left = statistics.median_low(rule.start for rule in horizontal)
    right = statistics.median_high(rule.end for rule in horizontal)
    before = [left] if left < xs[0] - _LEAST_LENGTH else []
    after = [right] if right > xs[-1] + _LEAST_LENGTH else []
    return [*before, *xs, *after]


def _touch(horizontal: Rule, vertical: Rule) -> bool:
    return (
        vertical.start - _NEAR <= horizontal.place <= vertical.end + _NEAR
        and horizontal.start - _NEAR <= vertical.place <= horizontal.end + _NEAR
    )


def _places(rules: list[Rule]) -> list[float]:
    places: list[float] = []
    for place in sorted(rule.place for rule in rules):
        if not places or place - places[-1] > _NEAR:
            places.append(place)
    return places


def _is_drawn(rules: list[Rule], place: float, along: float) -> bool:
    return any(
        abs(rule.place - place) <= _NEAR and rule.start - _NEAR <= along <= rule.end + _NEAR
        for rule in rules
    )
