"""`manage.py evaluate injection`: does the product tell attempts to steer it from ordinary texts?

Each source is judged by weights that never saw it, nor another of the same author, at the score
that 1% of ordinary questions reach; beside the product's head, what is often used instead. And by
the weights of the product, at its own threshold.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.embedding.model import BUNDLED
from knowledge.embedding.questions import encode_questions, forget
from supportbot.evaluation.grounding_figures import Estimate, mean_of
from supportbot.evaluation.injection_arms import ARMS
from supportbot.evaluation.injection_dataset import InjectionData, Row, load
from supportbot.evaluation.intervals import Floats
from supportbot.evaluation.names import ALARMS, ANSWERS, FOUND, HARD_ALLOWED
from supportbot.evaluation.report import Figure, Record, Report, Table
from supportbot.evaluation.train_injection import Texts, texts_of, unseen
from supportbot.guardrails.detectors.injection import INJECTION, detect
from supportbot.guardrails.detectors.injection_head import head
from supportbot.guardrails.detectors.types import Context, Stage

TIMED = 300  # ordinary messages
MESSAGE = Context(Stage.MESSAGE)
Say = Callable[[str], None]


@dataclass(frozen=True)
class Unseen:
    """What one arm makes of a source that its weights never saw. `flagged` has a 1.0 for each text
    that counts as an attack."""

    source: str
    arm: str
    truth: Floats
    flagged: Floats
    alarms: Floats

    def found(self) -> Floats:
        found: Floats = self.flagged[self.truth == 1]
        return found

    def allowed(self) -> Floats:
        allowed: Floats = 1 - self.flagged[self.truth == 0]
        return allowed


def evaluate(data: Path, *, say: Say) -> Report:
    """Raises BadDatasetError."""
    loaded = load(data)
    scores = [_score(row) for row in loaded.judged]
    tables = [_product_table(loaded.judged, scores)]
    found: list[Unseen] = []
    if loaded.calibration:
        found = list(_unseen(texts_of(loaded, say), say))
        tables = [_unseen_table(found), *tables, _time_table(loaded)]
    return Report(
        tables=tables,
        notes=[_note(loaded)],
        predictions=[
            {"id": row.id, "score": score, "flagged": score >= head().threshold}
            for row, score in zip(loaded.judged, scores, strict=True)
        ],
        record=_record(loaded, found) if found else None,
    )


def _score(row: Row) -> float:
    return max(
        (f.score or 0 for f in detect(row.text, MESSAGE) if f.reason == INJECTION), default=0
    )


def _unseen(texts: Texts, say: Say) -> Iterator[Unseen]:
    for family in dict.fromkeys(one.row.family for one in texts.judged):
        rows = [one for one in texts.judged if one.row.family == family]
        for arm, fit in ARMS.items():
            say(f"{arm}, without {family}")
            judge, threshold = unseen(texts, family, fit)
            flagged = (judge(rows) >= threshold).astype(float)
            alarms = (judge(texts.ordinary) >= threshold).astype(float)
            for source in dict.fromkeys(one.row.source for one in rows):
                mine = np.array([one.row.source == source for one in rows])
                truth = np.array([float(one.row.attack) for one in rows])[mine]
                yield Unseen(source, arm, truth, flagged[mine], alarms)


def _unseen_table(found: Sequence[Unseen]) -> Table:
    rows: list[list[Figure]] = []
    for one in found:
        shares = [*_share(one.found()), *_share(one.allowed())]
        rows.append([one.source, one.arm, *shares, float(one.alarms.mean())])
    for arm in ARMS:
        mine = [one for one in found if one.arm == arm]
        bad, good = (
            [float(part.mean()) for part in parts if len(part)]
            for parts in ([one.found() for one in mine], [one.allowed() for one in mine])
        )
        alarms = float(np.mean([one.alarms.mean() for one in mine]))
        rows.append(["mean", arm, None, _mean(bad), None, _mean(good), alarms])
    return Table(
        "sources that the weights never saw, at 1% false alarms",
        ["source", "arm", "attacks", FOUND, "harmless", "allowed", ALARMS],
        rows,
    )


def _share(values: Floats) -> tuple[int, float | None]:
    return len(values), float(values.mean()) if len(values) else None


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _product_table(judged: Sequence[Row], scores: Sequence[float]) -> Table:
    threshold, rows = head().threshold, []
    for source in dict.fromkeys(row.source for row in judged):
        mine = [
            (row.attack, score >= threshold)
            for row, score in zip(judged, scores, strict=True)
            if row.source == source
        ]
        bad = np.array([float(flagged) for attack, flagged in mine if attack])
        good = np.array([float(not flagged) for attack, flagged in mine if not attack])
        rows.append([source, *_share(bad), *_share(good)])
    return Table(
        f"the product's weights, which may have seen these, at {threshold:.2f}",
        ["source", "attacks", FOUND, "harmless", "allowed"],
        rows,
    )


def _time_table(data: InjectionData) -> Table:
    """Of ordinary messages that nobody sent before, and with the message's vector at hand."""
    texts = [row.text for row in data.ordinary[:TIMED]]
    rows: list[list[Figure]] = []
    for name, at_hand in (("new", False), ("its vector at hand", True)):
        forget(BUNDLED)
        took = []
        for text in texts:
            if at_hand:
                encode_questions(BUNDLED, [" ".join(text.split())])
            fresh = text + " " * (1 + at_hand)  # no result of the detector's is at hand
            started = time.perf_counter()
            detect(fresh, MESSAGE)
            took.append(1000 * (time.perf_counter() - started))
        rows.append([name, len(took), *map(float, np.quantile(took, [0.5, 0.95]))])
    return Table("milliseconds a message", ["message", "messages", "p50", "p95"], rows)


def _note(data: InjectionData) -> str:
    if not data.calibration:
        return (
            "Without a folder triage beside the data (banking77, clinc150) nothing is fitted: only "
            "the product's weights are shown."
        )
    return (
        f"Threshold: set by {len(data.calibration)} ordinary questions that no weights are fitted "
        f"to; false alarms: on {len(data.ordinary)} others. A source is left out with all others "
        "whose names begin with the same word."
    )


def _record(data: InjectionData, found: Sequence[Unseen]) -> Record:
    arms: dict[str, Any] = {}
    for arm in ARMS:
        mine = [one for one in found if one.arm == arm]
        measures = {
            FOUND: np.concatenate([one.found() for one in mine]),
            HARD_ALLOWED: np.concatenate([one.allowed() for one in mine]),
            ALARMS: np.concatenate([one.alarms for one in mine]),
        }
        arms[arm] = {name: _json(mean_of(each)) for name, each in measures.items() if len(each)}
    groups = {
        source: {
            one.arm: {FOUND: _json(mean_of(one.found()))}
            for one in found
            if one.source == source and len(one.found())
        }
        for source in data.sources
    }
    return Record(
        questions=len(data.judged),
        settings={ANSWERS: {"threshold": round(head().threshold, 4)}},
        figures={"arms": arms, "groups": groups},
        index_model=BUNDLED,
    )


def _json(found: Estimate) -> dict[str, float]:
    return {"value": found.value, "low": found.low, "high": found.high}
