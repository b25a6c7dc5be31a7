"""Drawings of stored runs, as numbers for an SVG: quality over time, and calibration."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from supportbot.evaluation.models import EvaluationRun
from supportbot.evaluation.names import (
    ALONE,
    ANSWERED_RIGHT,
    ANSWERS,
    BALANCED,
    BEST_THREE,
    BM25S,
    DENSE,
    EMBEDDING,
    F1,
    FALSE_ANSWERS,
    FIRST_THREE,
    FOUND,
    FUSED,
    GOLD_RECALL,
    IN_SCOPE,
    LEXICAL,
    LINEAR,
    MACRO_F1,
    NDCG,
    NEAREST,
    NGRAMS,
    OVERLAP,
    RERANKED,
    ROUGE,
    STOPPED,
    STOPPED_MESSAGES,
    SUPPORT,
    TEN_EACH,
    TREES,
)

# What is drawn of an evaluation: the first of these that the product's arm was measured by.
MEASURES = {
    "retrieval": (NDCG,),
    "answers": (ANSWERED_RIGHT, F1, FALSE_ANSWERS),
    "grounding": (BALANCED, STOPPED),
    "pii": (GOLD_RECALL,),
    "guardrails": (STOPPED_MESSAGES,),
    "injection": (FOUND,),
    "triage": (IN_SCOPE, MACRO_F1),
}
MOST_RUNS = 30  # of a folder's, the newest
WIDTH, HEIGHT = 900, 320  # in the drawing's own units; the page scales it
LEFT, RIGHT, TOP, BOTTOM = 48, 640, 16, 284  # of the plot within it
SIDE = 300  # of the calibration plot, a square
_STEP = 0.05  # between the lines of the grid
_LABEL_GAP = 15
_MOST_DATES = 5

# Arms that every run has. The colours keep a contrast of 3 to 1 on white and on the dark page, and
# the dashes and the names at the lines' ends say the same without colour.
STYLES = {
    RERANKED: ("#a24bd1", ""),
    FUSED: ("#0072b2", ""),
    LEXICAL: ("#009e73", "8 3"),
    DENSE: ("#d55e00", "2 3"),
    ALONE.format(FUSED): ("#4f7fd9", "8 3 2 3"),
    ALONE.format(LEXICAL): ("#a6761d", "5 2"),
    BM25S: ("#7d7d7d", "1 4"),
    ANSWERS: ("#0072b2", ""),
    BEST_THREE: ("#d55e00", "2 3"),
    FIRST_THREE: ("#009e73", "8 3"),
    SUPPORT: ("#a24bd1", "5 2"),
    EMBEDDING: ("#d55e00", "2 3"),
    ROUGE: ("#009e73", "8 3"),
    OVERLAP: ("#a6761d", "5 2"),
    LINEAR: ("#d55e00", "2 3"),
    TREES: ("#009e73", "8 3"),
    NGRAMS: ("#a6761d", "5 2"),
    TEN_EACH: ("#009e73", "8 3"),
    NEAREST: ("#d55e00", "2 3"),
}


@dataclass(frozen=True)
class Point:
    """A figure of one run; `top` and `bottom` are the ends of its interval."""

    x: float
    y: float
    top: float
    bottom: float
    words: str


@dataclass(frozen=True)
class Line:
    """An arm over time, with its name at `label_y`."""

    arm: str
    colour: str
    dash: str
    points: Sequence[Point]
    label: str
    label_y: float

    @property
    def path(self) -> str:
        return _path((point.x, point.y) for point in self.points)


@dataclass(frozen=True)
class Mark:
    """A line of the grid or a date below it."""

    at: float
    text: str


@dataclass(frozen=True)
class Chart:
    """A folder's runs by one measure, oldest first. `rows` repeats what is drawn: (run, a figure
    for each arm)."""

    data: str
    measure: str
    lines: Sequence[Line]
    grid: Sequence[Mark]
    dates: Sequence[Mark]
    arms: Sequence[str]
    rows: Sequence[tuple[EvaluationRun, Sequence[str]]]
    summary: str


@dataclass(frozen=True)
class Dot:
    """A bin of the calibration plot; its area says how many questions."""

    x: float
    y: float
    radius: float
    words: str


@dataclass(frozen=True)
class Calibration:
    dots: Sequence[Dot]
    path: str
    summary: str


def draw_runs(runs: Iterable[EvaluationRun]) -> list[Chart]:
    """A chart for each evaluation of a folder, the latest first. `runs` are newest first."""
    drawn: dict[tuple[str, str], list[EvaluationRun]] = {}
    for run in runs:
        kept = drawn.setdefault((run.name, run.data), [])
        if len(kept) < MOST_RUNS and measure_of(run):
            kept.append(run)
    return [_draw(data, kept[::-1]) for (_, data), kept in drawn.items() if kept]


def measure_of(run: EvaluationRun) -> str:
    """The one that a run is drawn by; empty for one that is not drawn."""
    found = {measure for arm in _arms_of(run).values() for measure in arm}
    return next((name for name in MEASURES.get(run.name, ()) if name in found), "")


def figure_of(run: EvaluationRun, arm: str) -> Mapping[str, float] | None:
    """{value, low, high} of the measure that the run is drawn by."""
    figure: Mapping[str, float] | None = _arms_of(run).get(arm, {}).get(measure_of(run))
    return figure


def _arms_of(run: EvaluationRun) -> Mapping[str, Any]:
    arms: Mapping[str, Any] = run.figures.get("arms", {})
    return arms


def _draw(data: str, runs: Sequence[EvaluationRun]) -> Chart:
    measure = measure_of(runs[-1])
    runs = [run for run in runs if measure_of(run) == measure]
    arms = [name for name in STYLES if any(figure_of(run, name) for run in runs)]
    found = [figure for run in runs for arm in arms if (figure := figure_of(run, arm))]
    low, high = _range(found)
    lines = _spread([_line(arm, runs, (low, high)) for arm in arms])
    ticks = range(round(low / _STEP), round(high / _STEP) + 1)
    return Chart(
        data=data,
        measure=measure,
        lines=lines,
        grid=[Mark(_y(n * _STEP, low, high), f"{n * _STEP:.2f}") for n in ticks],
        dates=_dates(runs),
        arms=arms,
        rows=[(run, [_words(run, arm) for arm in arms]) for run in runs[::-1]],
        summary=f"{measure} on {data} over {len(runs)} runs. Last: "
        + ", ".join(line.label for line in lines),
    )


def _words(run: EvaluationRun, arm: str) -> str:
    figure = figure_of(run, arm)
    if figure is None:
        return "–"
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"


def _range(found: Sequence[Mapping[str, float]]) -> tuple[float, float]:
    """What the intervals cover, out to the lines of the grid."""
    low = min(figure["low"] for figure in found)
    high = max(figure["high"] for figure in found)
    first, last = math.floor(low / _STEP + 1e-9), math.ceil(high / _STEP - 1e-9)
    return first * _STEP, max(last, first + 1) * _STEP


def _x(number: int, count: int) -> float:
    """Runs stand at equal distances: several on one day are the rule, then weeks without."""
    inner = RIGHT - LEFT - 40
    return round(LEFT + 20 + (inner * number / (count - 1) if count > 1 else inner / 2), 1)


def _y(value: float, low: float, high: float) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * (value - low) / (high - low), 1)


def _line(arm: str, runs: Sequence[EvaluationRun], ends: tuple[float, float]) -> Line:
    colour, dash = STYLES[arm]
    # Beside each other, so that intervals of one run do not hide one another.
    aside = (list(STYLES).index(arm) - len(STYLES) // 2) * 3
    points = []
    last = 0.0
    for number, run in enumerate(runs):
        if figure := figure_of(run, arm):
            last = figure["value"]
            points.append(
                Point(
                    x=_x(number, len(runs)) + aside,
                    y=_y(last, *ends),
                    top=_y(figure["high"], *ends),
                    bottom=_y(figure["low"], *ends),
                    words=f"{arm}, {run.created_at:%d %b %Y %H:%M}: {_words(run, arm)}",
                )
            )
    return Line(arm, colour, dash, points, f"{arm} {last:.3f}", points[-1].y)


def _spread(lines: Sequence[Line]) -> list[Line]:
    """The same lines with names that do not cover one another, from the top."""
    spread: list[Line] = []
    at = float(TOP)
    for line in sorted(lines, key=lambda line: line.label_y):
        at = max(line.label_y, at)
        spread.append(Line(line.arm, line.colour, line.dash, line.points, line.label, at))
        at += _LABEL_GAP
    return spread


def _dates(runs: Sequence[EvaluationRun]) -> list[Mark]:
    step = max(1, math.ceil(len(runs) / _MOST_DATES))
    numbers = range(len(runs) - 1, -1, -step)
    return [Mark(_x(n, len(runs)), f"{runs[n].created_at:%d %b %Y}") for n in numbers]


def draw_calibration(bins: Sequence[Mapping[str, float]]) -> Calibration | None:
    """Predicted to the right, observed upwards; None without bins."""
    if not bins:
        return None
    most = max(bin_["questions"] for bin_ in bins)
    dots = [
        Dot(
            x=round(SIDE * bin_["predicted"], 1),
            y=round(SIDE * (1 - bin_["observed"]), 1),
            radius=round(3 + 9 * math.sqrt(bin_["questions"] / most), 1),
            words=f"predicted {bin_['predicted']:.2f}, observed {bin_['observed']:.2f}, "
            f"{bin_['questions']} questions",
        )
        for bin_ in bins
    ]
    summary = "; ".join(dot.words for dot in dots)
    return Calibration(dots, _path((dot.x, dot.y) for dot in dots), summary)


def _path(points: Iterable[tuple[float, float]]) -> str:
    commands = itertools.chain("M", itertools.repeat("L"))
    return " ".join(f"{c}{x:g} {y:g}" for c, (x, y) in zip(commands, points, strict=False))
