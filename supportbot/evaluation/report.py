"""What an evaluation found: tables for a person, the same figures as JSON for a program."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Figure = float | int | str | None


class EvaluationError(Exception):
    """The evaluation cannot be done. `str()` says why, and what to do."""


@dataclass(frozen=True)
class Table:
    """One table. Every row has as many figures as there are columns; None is shown as a dash."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Figure]]


@dataclass(frozen=True)
class Record:
    """What is kept of a run, to be plotted over time; both must be JSON.

    For retrieval `settings` holds each arm's by its name, and `figures` is as in
    supportbot.evaluation.retrieval_figures.to_json.
    """

    questions: int
    settings: dict[str, Any]
    figures: dict[str, Any]
    index_model: str


@dataclass(frozen=True)
class Report:
    """`passed` is False when something that must hold did not; the command then exits with 1.

    `predictions` holds one raw record per input (DESIGN: predictions), for an outside scorer.
    `record` is None where nothing is kept.
    """

    tables: Sequence[Table]
    notes: Sequence[str] = ()
    passed: bool = True
    predictions: Iterable[dict[str, Any]] = field(default_factory=list)
    record: Record | None = None

    def as_text(self) -> str:
        parts = [_render(table) for table in self.tables]
        return "\n\n".join([*parts, *self.notes])

    def as_json(self) -> str:
        tables = {
            table.title: [dict(zip(table.columns, row, strict=True)) for row in table.rows]
            for table in self.tables
        }
        return json.dumps({"passed": self.passed, "tables": tables, "notes": list(self.notes)})


def write_predictions(report: Report, path: Path) -> None:
    """One JSON object per line."""
    with path.open("w", encoding="utf-8") as out:
        for record in report.predictions:
            out.write(json.dumps(record, ensure_ascii=False) + "\n")


def _render(table: Table) -> str:
    shown = [[_show(figure) for figure in row] for row in table.rows]
    lines = [list(table.columns), *shown]
    widths = [max(len(line[column]) for line in lines) for column in range(len(table.columns))]
    numeric = [
        all(isinstance(row[column], int | float | None) for row in table.rows)
        for column in range(len(table.columns))
    ]
    return "\n".join(
        [table.title, *("  " + _line(cells, widths, numeric) for cells in lines)],
    )


def _line(cells: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    padded = [
        cell.rjust(width) if right else cell.ljust(width)
        for cell, width, right in zip(cells, widths, numeric, strict=True)
    ]
    return "  ".join(padded).rstrip()


def _show(figure: Figure) -> str:
    if figure is None:
        return "–"
    return f"{figure:.3f}" if isinstance(figure, float) else str(figure)
