"""Filled cells of a spreadsheet → Markdown: tables, and the lines above and below them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from knowledge.reading import markdown
from knowledge.reading.result import Extract, ReadWarning

_MOST_SPANNED = 1000


@dataclass
class Sheet:
    """Only what is filled: a value far out on an empty sheet costs no more than any other."""

    name: str
    hidden: bool = False
    rows: dict[int, dict[int, str]] = field(default_factory=dict)

    def put(self, row: int, column: int, text: str, down: int = 1, right: int = 1) -> None:
        """A merged cell's text stands in every place that it covers, so that each row can be
        understood on its own."""
        for below in range(min(down, _MOST_SPANNED)):
            for offset in range(min(right, _MOST_SPANNED)):
                self.rows.setdefault(row + below, {})[column + offset] = text


def render_sheets(sheets: Iterable[Sheet]) -> Extract:
    blocks: list[str] = []
    hidden: list[str] = []
    for sheet in sheets:
        if sheet.hidden:
            hidden.append(f"“{sheet.name}”")
            continue
        found = [block for area in _areas(sheet) for block in render_area(area)]
        blocks += [markdown.heading(2, sheet.name), *found] if found else []
    warnings = []
    if hidden:
        warnings.append(
            ReadWarning(
                "hidden_sheets",
                f"Hidden sheets were left out: {', '.join(hidden)}. Show them in the file and "
                "upload it again if they belong to it.",
            )
        )
    return Extract(markdown.join(blocks), warnings=warnings)


def _areas(sheet: Sheet) -> list[list[dict[int, str]]]:
    """Rows without an empty row between them."""
    areas: list[list[dict[int, str]]] = []
    last = -2
    for number in sorted(sheet.rows):
        row = {column: text for column, text in sheet.rows[number].items() if text.strip()}
        if not row:
            continue
        if number != last + 1:
            areas.append([])
        areas[-1].append(row)
        last = number
    return areas


def render_area(area: list[dict[int, str]]) -> list[str]:
    """A table, with the titles above it and the notes below it as paragraphs of their own."""
    columns = sorted({column for row in area for column in row})
    wide = [number for number, row in enumerate(area) if len(set(row.values())) > 1]
    if len(columns) == 1 or not wide:
        return [_line(row) for row in area]
    first, last = wide[0], wide[-1]
    if last == first:
        first, last = 0, len(area) - 1
    inner = [_cells(row, columns) for row in area[first : last + 1]]
    before = [_line(row) for row in area[:first]]
    after = [_line(row) for row in area[last + 1 :]]
    return [*before, markdown.table(inner), *after]


def _line(row: dict[int, str]) -> str:
    return markdown.one_line(" ".join(dict.fromkeys(row.values())))


def _cells(row: dict[int, str], columns: list[int]) -> list[str]:
    """A title that is merged across a table stands there once."""
    cells = [row.get(column, "") for column in columns]
    if len(set(cells)) == 1 and len(cells) > 1:
        return [cells[0], *[""] * (len(cells) - 1)]
    return cells
