"""`manage.py evaluate grounding`: does the product tell what its sources support from what not?

Two kinds of data. Judged responses (supportbot.evaluation.grounding_dataset), by several arms. And
with `--corruptions N` faithful sentences, as written and with one fact changed: what is stopped, by
kind, and what passes.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.progress import Line, Rate
from knowledge.services.indexes.embedding_indexes import get_active_index
from supportbot.evaluation import grounding_corruptions
from supportbot.evaluation.grounding_arms import ARMS, Judge, sentences_of, source_of
from supportbot.evaluation.grounding_dataset import JudgedResponse, load
from supportbot.evaluation.grounding_figures import Scores, mean_over
from supportbot.evaluation.names import ANSWERS, AUROC, BALANCED, FALSE_ALARMS, OWN_THRESHOLD
from supportbot.evaluation.report import Figure, Record, Report, Table
from supportbot.guardrails.support import THRESHOLD

MEAN = "mean"
MEASURES = (BALANCED, OWN_THRESHOLD, AUROC, FALSE_ALARMS)
Say = Callable[[str], None]
GroupScores = Mapping[str, Mapping[str, Scores]]  # group → arm → scores


@dataclass(frozen=True)
class Given:
    """What one arm has made of all responses, in their order. A response is supported as well as
    its worst sentence is. `milliseconds` are of the sentences."""

    scores: list[float] = field(default_factory=list)
    passes: list[bool | None] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)

    def quantiles(self) -> tuple[float, float]:
        """The median and the 95th percentile of the milliseconds."""
        p50, p95 = np.quantile(self.milliseconds, [0.5, 0.95])
        return float(p50), float(p95)

    def add(self, judge: Judge, one: JudgedResponse) -> None:
        sources = [source_of(one.context, context=one.title)]
        judged = []
        for sentence in sentences_of(one.response):
            started = time.perf_counter()
            judged.append(judge(sentence, sources))
            self.milliseconds.append(1000 * (time.perf_counter() - started))
        self.scores.append(min(found.score for found in judged))
        known = [found.passes for found in judged if found.passes is not None]
        self.passes.append(all(known) if known else None)


def evaluate(
    data: Path, *, say: Say, corruptions: int | None = None, judge: Judge = ARMS[ANSWERS]
) -> Report:
    """`judge` is who the corruptions are put before. Raises BadDatasetError."""
    if corruptions is not None:
        return grounding_corruptions.evaluate(data, corruptions, judge, say=say)
    judged = load(data)
    model = get_active_index().model
    say(f"{len(judged)} responses, {len({one.context for one in judged})} contexts, {model}")
    given = _judge_all(judged)
    scores = {
        group: {arm: _scores(judged, found, group) for arm, found in given.items()}
        for group in sorted({one.group for one in judged})
    }
    return Report(
        tables=list(_tables(scores, given)),
        notes=_notes(judged),
        predictions=[
            {"id": one.id, "score": score, "supported": passes}
            for one, score, passes in zip(
                judged, given[ANSWERS].scores, given[ANSWERS].passes, strict=True
            )
        ],
        record=_record(judged, scores, given, model),
    )


def _judge_all(judged: Sequence[JudgedResponse]) -> dict[str, Given]:
    given = {arm: Given() for arm in ARMS}
    line, rate = Line(sys.stderr), Rate()
    for number, one in enumerate(judged, start=1):
        for arm, judge in ARMS.items():
            given[arm].add(judge, one)
        rate.note(number)
        left = rate.describe(len(judged) - number, "responses")
        line.show(f"{number}/{len(judged)} responses judged{left}", number / len(judged))
    line.end()
    return given


def _scores(judged: Sequence[JudgedResponse], given: Given, group: str | None) -> Scores:
    """Of one group, or of all for None."""
    numbers = {context: float(n) for n, context in enumerate({one.context: 0 for one in judged})}
    rows = [n for n, one in enumerate(judged) if group in {None, one.group}]
    passes = [given.passes[row] for row in rows]
    return Scores(
        truth=np.array([float(judged[row].supported) for row in rows]),
        scores=np.array([given.scores[row] for row in rows]),
        documents=np.array([numbers[judged[row].context] for row in rows]),
        passes=np.zeros(0) if None in passes else np.array(passes, dtype=np.float64),
    )


def _tables(scores: GroupScores, given: Mapping[str, Given]) -> Iterator[Table]:
    yield _figures_table(scores)
    yield Table(
        "milliseconds a sentence",
        ["arm", "sentences", "p50", "p95"],
        [[arm, len(found.milliseconds), *found.quantiles()] for arm, found in given.items()],
    )
    yield Table(
        "95% intervals",
        ["group", "arm", "measure", "value", "from", "to"],
        [
            [group, arm, measure, one.value, one.low, one.high]
            for group, by_arm in scores.items()
            for arm, found in by_arm.items()
            for measure, one in found.estimates.items()
        ],
    )


def _figures_table(scores: GroupScores) -> Table:
    rows: list[list[Figure]] = []
    for group, by_arm in scores.items():
        for arm, found in by_arm.items():
            estimates = [found.estimates.get(name) for name in MEASURES]
            figures = [one.value if one else None for one in estimates]
            rows.append([group, arm, len(found.truth), int(found.truth.sum()), *figures])
    if len(scores) > 1:
        for arm in ARMS:
            means = mean_over([by_arm[arm] for by_arm in scores.values()])
            rows.append([MEAN, arm, None, None, *(means.get(name) for name in MEASURES)])
    return Table("by group", ["group", "arm", "responses", "supported", *MEASURES], rows)


def _notes(judged: Sequence[JudgedResponse]) -> list[str]:
    contexts = len({one.context for one in judged})
    return [
        f"{len(judged)} responses on {contexts} contexts. A response is supported as well as its "
        "worst sentence is. Balanced accuracy: threshold fitted on nine tenths of the contexts, "
        f"measured on the rest; at its own threshold: the product's, {THRESHOLD:.2f}. False "
        "alarms: of the supported, where 90% of the unsupported are found. From, to: 95% "
        "bootstrap intervals over responses."
    ]


def _record(
    judged: Sequence[JudgedResponse], scores: GroupScores, given: Mapping[str, Given], model: str
) -> Record:
    arms: dict[str, Any] = {}
    for arm, found in given.items():
        p50, p95 = found.quantiles()
        arms[arm] = {**_scores(judged, found, None).to_json(), "p50_ms": p50, "p95_ms": p95}
    groups = {
        group: {arm: found.to_json() for arm, found in by_arm.items()}
        for group, by_arm in scores.items()
    }
    return Record(
        questions=len(judged),
        settings={ANSWERS: {"threshold": THRESHOLD}},
        figures={"arms": arms, "groups": groups},
        index_model=model,
    )
