"""Ruled tables: spans that lie in the cells of a grid of lines → rows of cells."""

from __future__ import annotations

import statistics
from collections import Counter

from knowledge.reading.grid import Cell, fill_grid
from knowledge.reading.pdf.layout import Table, find_regions
from knowledge.reading.pdf.lines import text_of
from knowledge.reading.pdf.rows import from_the_right
from knowledge.reading.pdf.rules import Grid
from knowledge.reading.pdf.spans import Span

_LEAST_FILLED = 2  # rows and columns with text in a table
_USED = 0.4  # share of the rows, and of the columns
_SINGLE = 0.5  # share of the cells that span nothing
_LONG_CELL = 700  # letters; a cell with more is a part of the page that has a frame

Place = tuple[int, int]


def with_tables(grids: list[Grid], spans: list[Span]) -> list[Span]:
    """The spans, with a table in the place of those that lie in its cells. Lines that frame parts
    of a page are no table."""
    tables: list[Span] = []
    for grid in sorted(grids, key=_area):
        owners = _owners(grid)
        cells: dict[Place, list[Span]] = {}
        inside: set[int] = set()
        for span in spans:
            for part in span.cut(grid.lines_across(span.middle)):
                if (place := _place_of(grid, part)) is not None:
                    inside.add(id(span))
                    cells.setdefault(owners[place], []).append(part)
        if _is_table(grid, owners, cells):
            rows = from_the_right(fill_grid(_cells(grid, owners, cells)))
            x0, x1 = grid.xs[0], grid.xs[-1]
            size = statistics.median(span.size for part in cells.values() for span in part)
            tables.append(Span("", x0, grid.ys[0], x1, grid.ys[-1], size, rows=rows, edges=grid.xs))
            spans = [span for span in spans if id(span) not in inside]
    return [*spans, *tables]


def _area(grid: Grid) -> float:
    return (grid.xs[-1] - grid.xs[0]) * (grid.ys[-1] - grid.ys[0])


def _place_of(grid: Grid, span: Span) -> Place | None:
    x, y = (span.x0 + span.x1) / 2, span.middle
    row = next((n for n in range(len(grid.ys) - 1) if grid.ys[n] <= y < grid.ys[n + 1]), None)
    column = next((n for n in range(len(grid.xs) - 1) if grid.xs[n] <= x < grid.xs[n + 1]), None)
    return None if row is None or column is None else (row, column)


def _owners(grid: Grid) -> dict[Place, Place]:
    """Of each place in the grid, the first place of the cell that covers it."""
    owners: dict[Place, Place] = {}
    for row in range(len(grid.ys) - 1):
        for column in range(len(grid.xs) - 1):
            owner = (row, column)
            if column and not grid.has_line_left(row, column):
                owner = owners[row, column - 1]
            elif row and not grid.has_line_above(row, column):
                owner = owners[row - 1, column]
            owners[row, column] = owner
    return owners


def _is_table(grid: Grid, owners: dict[Place, Place], cells: dict[Place, list[Span]]) -> bool:
    """Whether text stands in most rows and columns, as it does not in a drawing or in frames."""
    if any(map(_is_part_of_page, cells.values())):
        return False
    rows = Counter(row for row, _ in cells)
    columns = Counter(column for _, column in cells)
    covered = Counter(owners.values())
    single = sum(covered[place] == 1 for place in cells)
    used = sum(count >= _LEAST_FILLED for count in columns.values())
    return (
        min(len(rows), len(columns)) >= _LEAST_FILLED
        and single > _SINGLE * len(cells)
        and used > _USED * (len(grid.xs) - 1)
        and len(rows) > _USED * (len(grid.ys) - 1)
    )


def _is_part_of_page(spans: list[Span]) -> bool:
    if sum(len(span.text) for span in spans) > _LONG_CELL:
        return True
    return any(isinstance(region, Table) for region in find_regions(spans))


def _cells(
    grid: Grid, owners: dict[Place, Place], cells: dict[Place, list[Span]]
) -> list[list[Cell]]:
    rows: list[list[Cell]] = [[] for _ in range(len(grid.ys) - 1)]
    covered: dict[Place, list[Place]] = {}
    for place, owner in owners.items():
        covered.setdefault(owner, []).append(place)
    for (row, column), places in sorted(covered.items()):
        down = 1 + max(place[0] for place in places) - row
        right = 1 + max(place[1] for place in places) - column
        text = text_of(cells.get((row, column), []))
        rows[row].append(Cell(text, down, right))
    return rows
