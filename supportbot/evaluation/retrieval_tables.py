"""The tables of `evaluate retrieval`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from supportbot.evaluation.names import MEASURES
from supportbot.evaluation.report import Figure, Table
from supportbot.evaluation.retrieval_figures import Bin, Scores, compare


def arms_table(arms: Mapping[str, Scores]) -> Table:
    """A row for each arm; a dash where the data or the arm says nothing."""
    rows: list[list[Figure]] = []
    for name, scores in arms.items():
        found = scores.estimates
        row: list[Figure] = [name]
        row += [found[m].value if m in found else None for m in MEASURES]
        rows.append([*row, scores.p50_ms, scores.p95_ms])
    return Table("by arm", ["arm", *MEASURES, "p50 ms", "p95 ms"], rows)


def intervals_table(arms: Mapping[str, Scores]) -> Table:
    columns = [f"{measure} {end}" for measure in MEASURES for end in ("from", "to")]
    rows: list[list[Figure]] = []
    for name, scores in arms.items():
        row: list[Figure] = [name]
        for measure in MEASURES:
            estimate = scores.estimates.get(measure)
            row += [estimate.low, estimate.high] if estimate is not None else [None, None]
        rows.append(row)
    return Table("95% intervals", ["arm", *columns], rows)


def comparison_table(arms: Mapping[str, Scores], name: str, base: str) -> Table:
    rows: list[list[Figure]] = [
        [measure, difference.value, difference.low, difference.high]
        for measure, difference in compare(arms[name], arms[base]).items()
    ]
    return Table(f"{name} less {base}", ["measure", "difference", "from", "to"], rows)


def reliability_table(name: str, bins: Sequence[Bin]) -> Table:
    rows = [[bin_.predicted, bin_.observed, bin_.questions] for bin_ in bins]
    return Table(f"answerability, {name}", ["predicted", "observed", "questions"], rows)
