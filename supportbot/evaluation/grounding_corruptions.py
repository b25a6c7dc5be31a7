"""Faithful sentences before a judge: as written, and with one fact changed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from knowledge.progress import Line, Rate
from supportbot.evaluation import answer_datasets
from supportbot.evaluation.corruptions import Corruption, Kind
from supportbot.evaluation.grounding_arms import Judge, Judged
from supportbot.evaluation.grounding_faithful import (
    Faithful,
    answer_sentences,
    document_sentences,
    is_nearest,
)
from supportbot.evaluation.grounding_figures import Estimate, mean_of
from supportbot.evaluation.names import ANSWERS, PASSED, STOPPED
from supportbot.evaluation.questions import BadDatasetError
from supportbot.evaluation.report import Figure, Record, Report, Table
from supportbot.guardrails.support import THRESHOLD

NAMED = 20  # sentences that were stopped as written
EVERY_KIND = "all"
DOCUMENTS, ANSWERS_OF_PEOPLE = "sentences of documents", "sentences of answers"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Trial:
    """A sentence as it was put before the judge; `corruption` is None for one as written."""

    faithful: Faithful
    corruption: Corruption | None
    judged: Judged

    @property
    def stopped(self) -> bool:
        return self.judged.passes is not True


def evaluate(data: Path, wanted: int, judge: Judge, *, say: Say) -> Report:
    """Over `wanted` sentences of the documents, and all of the answers. Raises BadDatasetError."""
    dataset = answer_datasets.load(data, 0)
    sets = {
        DOCUMENTS: document_sentences(dataset, wanted),
        ANSWERS_OF_PEOPLE: answer_sentences(dataset),
    }
    sets = {name: faithful for name, faithful in sets.items() if faithful}
    if not sets:
        raise BadDatasetError(f"{data} has no sentence from which a corruption can be made.")
    say(", ".join(f"{len(faithful)} {name}" for name, faithful in sets.items()))
    tried = {name: list(_tried(faithful, judge)) for name, faithful in sets.items()}
    return Report(
        tables=[_by_kind(name, trials) for name, trials in tried.items()] + [_passed(tried)],
        notes=[note for name, trials in tried.items() for note in _notes(name, trials)],
        predictions=[_prediction(trial) for trials in tried.values() for trial in trials],
        record=_record(tried),
    )


def _tried(faithful: Sequence[Faithful], judge: Judge) -> Iterator[Trial]:
    line, rate = Line(sys.stderr), Rate()
    for number, one in enumerate(faithful, start=1):
        yield Trial(one, None, judge(one.sentence, one.sources))
        for corruption in one.corruptions:
            yield Trial(one, corruption, judge(corruption.text, one.sources))
        rate.note(number)
        left = rate.describe(len(faithful) - number, "sentences")
        line.show(f"{number}/{len(faithful)} sentences judged{left}", number / len(faithful))
    line.end()


def _by_kind(name: str, trials: Sequence[Trial]) -> Table:
    corrupted = [trial for trial in trials if trial.corruption is not None]
    rows: list[list[Figure]] = []
    for kind in (*Kind, EVERY_KIND):
        group = [t for t in corrupted if t.corruption and kind in {t.corruption.kind, EVERY_KIND}]
        stopped = _share(group, stopped=True)
        figures = [stopped.value, stopped.low, stopped.high] if stopped else [None, None, None]
        rows.append([str(kind), len(group), *figures])
    return Table(f"{name}, one fact changed", ["kind", "made", STOPPED, "from", "to"], rows)


def _passed(tried: dict[str, list[Trial]]) -> Table:
    rows: list[list[Figure]] = []
    for name, trials in tried.items():
        written = [trial for trial in trials if trial.corruption is None]
        if share := _share(written, stopped=False):
            stopped = [trial for trial in written if trial.stopped]
            right = [trial for trial in stopped if is_nearest(trial.judged.quote, trial.faithful)]
            figures = [share.value, share.low, share.high, len(stopped)]
            quoted = sum(bool(trial.judged.quote) for trial in stopped)
            rows.append([name, len(written), *figures, quoted, len(right)])
    columns = ["sentences of", "sentences", PASSED, "from", "to", "stopped", "quoted", "nearest"]
    return Table("as written", columns, rows)


def _share(trials: Sequence[Trial], *, stopped: bool) -> Estimate | None:
    values = np.array([float(trial.stopped is stopped) for trial in trials])
    return mean_of(values) if len(values) else None


def _notes(name: str, trials: Sequence[Trial]) -> Iterator[str]:
    wrong = [trial for trial in trials if trial.corruption is None and trial.stopped]
    step = max(1, len(wrong) // NAMED)
    for trial in wrong[::step][:NAMED]:
        why = trial.judged.reason or "stopped"
        instead = f" → {trial.judged.quote}" if trial.judged.quote else ""
        yield f"{name}, stopped as written, {why}: {trial.faithful.sentence}{instead}"


def _prediction(trial: Trial) -> dict[str, object]:
    kind = trial.corruption.kind if trial.corruption else ""
    return {
        "id": f"{trial.faithful.id}#{kind}" if kind else trial.faithful.id,
        "kind": str(kind),
        "sentence": trial.corruption.text if trial.corruption else trial.faithful.sentence,
        "score": trial.judged.score,
        "supported": not trial.stopped,
        "reason": trial.judged.reason,
    }


def _record(tried: dict[str, list[Trial]]) -> Record:
    every = [trial for trials in tried.values() for trial in trials]
    corrupted = _share([t for t in every if t.corruption is not None], stopped=True)
    written = _share([t for t in every if t.corruption is None], stopped=False)
    found = {STOPPED: corrupted, PASSED: written}
    figures = {measure: asdict(share) for measure, share in found.items() if share}
    return Record(
        questions=len(every),
        settings={ANSWERS: {"threshold": THRESHOLD}},
        figures={"arms": {ANSWERS: figures}},
        index_model="",
    )
