"""Cells that span rows and columns → a full grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MAX_SPAN = 1000
MAX_REPEATED = 120  # letters; a longer text is no label of the rows and columns it spans


@dataclass(frozen=True)
class Cell:
    text: str
    rows: int = 1
    columns: int = 1


def fill_grid(rows: Sequence[Sequence[Cell]]) -> list[list[str]]:
    """A cell's text stands in every place that it spans, so that each row can be understood on its
    own; only a long text, and a title as wide as the table, stand there once."""
    grid: dict[tuple[int, int], str] = {}
    width = _width_of(rows)
    for row, cells in enumerate(rows):
        column = 0
        for cell in cells:
            while (row, column) in grid:
                column += 1
            across = min(max(cell.columns, 1), MAX_SPAN)
            down = min(max(cell.rows, 1), len(rows) - row)
            label = len(cell.text) <= MAX_REPEATED
            for offset in range(across):
                for below in range(down):
                    first = offset == 0 and below == 0
                    shown = cell.text if first or (label and across < width) else ""
                    grid.setdefault((row + below, column + offset), shown)
            column += across
    columns = max((column for _, column in grid), default=-1) + 1
    return [[grid.get((row, column), "") for column in range(columns)] for row in range(len(rows))]


def _width_of(rows: Sequence[Sequence[Cell]]) -> int:
    """Of the widest row, in columns, by what stands in it."""
    return max((sum(min(cell.columns, MAX_SPAN) for cell in row) for row in rows), default=0)
