"""`manage.py evaluate guardrails`: which ordinary messages do the guardrails stop or mask?

Folders of ordinary messages, each with `queries.jsonl` or `test.jsonl` (`{id, text}` a line), or
such a file. All of them are put before every detector, triage and the policy in effect, and masked
as for a model. Whatever is not answered at once, or loses words to a token, counts as an error, and
each is listed. What is answered from the documents alone is not held against a detector: there, the
documents decide. It is counted and listed beside the errors.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from knowledge.embedding.model import BUNDLED
from supportbot.answers.policy_check import Tried, try_message
from supportbot.configuration.content import Configuration
from supportbot.configuration.current import current_content
from supportbot.evaluation.grounding_figures import Estimate, mean_of
from supportbot.evaluation.names import ANSWERS, MASKED_MESSAGES, STOPPED_MESSAGES
from supportbot.evaluation.questions import BadDatasetError, load_texts
from supportbot.evaluation.report import Figure, Record, Report, Table
from supportbot.guardrails.detectors.registry import DETECTORS, thresholds
from supportbot.guardrails.masking import Masking
from supportbot.guardrails.policy.rules import Outcome

FILES = ("queries.jsonl", "test.jsonl")
MOST_TOUCHED = 0.01  # of ordinary messages; more fails the evaluation
SHOWN = 110  # characters of a message
SEED = 5
Say = Callable[[str], None]


@dataclass(frozen=True)
class Read:
    """A message of a folder, and what became of it."""

    group: str
    tried: Tried
    as_masked: str  # what a model would read

    @property
    def stopped(self) -> bool:
        return not (self.tried.decision.allows or self.asks_documents)

    @property
    def asks_documents(self) -> bool:
        """Whether only the documents may answer."""
        return self.tried.decision.outcome == Outcome.DOCUMENTS

    @property
    def masked(self) -> bool:
        return self.as_masked != self.tried.text

    @property
    def touched(self) -> bool:
        return self.stopped or self.masked


def evaluate(
    data: Path, *, say: Say, limit: int | None = None, also: Sequence[Path] = ()
) -> Report:
    """`limit` is how many messages, as many of each folder; None or 0: all. Raises
    BadDatasetError."""
    messages = _sample([(_name(path), _texts(path)) for path in (data, *also)], limit or 0)
    say(f"{len(messages)} messages before {len(DETECTORS)} detectors")
    content = current_content()
    read = asyncio.run(_read_all(messages, content, say))
    stopped = mean_of(np.array([float(one.stopped) for one in read]))
    masked = mean_of(np.array([float(one.masked) for one in read]))
    asked = mean_of(np.array([float(one.asks_documents) for one in read]))
    touched = mean_of(np.array([float(one.touched) for one in read]))
    times = dict(_times(read))
    return Report(
        tables=list(_tables(read, times)),
        notes=[
            f"Stopped or masked: {touched.value:.2%} ({touched.low:.2%} to {touched.high:.2%}) of "
            f"{len(read)} ordinary messages; at most {MOST_TOUCHED:.0%} may be. Answered from the "
            f"documents alone: {asked.value:.2%}."
        ],
        passed=touched.value <= MOST_TOUCHED,
        predictions=[_prediction(one) for one in read],
        record=_record(read, content, times, {STOPPED_MESSAGES: stopped, MASKED_MESSAGES: masked}),
    )


def _name(path: Path) -> str:
    return path.resolve().stem if path.is_file() else path.resolve().name


def _texts(path: Path) -> list[str]:
    file = next((path / name for name in FILES if (path / name).is_file()), path)
    if not file.is_file():
        raise BadDatasetError(f"There is no file {path / FILES[0]}.")
    return sorted({text for text in load_texts(file) if text.strip()})


def _sample(folders: Sequence[tuple[str, list[str]]], limit: int) -> list[tuple[str, str]]:
    """(folder, message), the same every time. A folder with fewer messages leaves its places to
    the others."""
    taken: list[tuple[str, str]] = []
    ordered = sorted(folders, key=lambda folder: len(folder[1]))
    for number, (name, texts) in enumerate(ordered):
        share = round((limit - len(taken)) / (len(ordered) - number)) if limit else len(texts)
        chosen = random.Random(SEED).sample(texts, min(share, len(texts)))  # noqa: S311
        taken += [(name, text) for text in chosen]
    if not taken:
        raise BadDatasetError("There are no messages in the folders.")
    return taken


async def _read_all(
    messages: Sequence[tuple[str, str]], content: Configuration, say: Say
) -> list[Read]:
    await try_message("warm up", content)
    read = []
    for number, (group, text) in enumerate(messages, start=1):
        tried = await try_message(text, content)
        read.append(Read(group, tried, Masking([text]).mask(text)))
        if number % 500 == 0:
            say(f"{number}/{len(messages)} messages")
    return read


def _tables(read: Sequence[Read], times: dict[str, tuple[float, float]]) -> Iterator[Table]:
    groups = list(dict.fromkeys(one.group for one in read))
    yield Table(
        "by folder",
        ["folder", "messages", "stopped", "share", "masked", "documents alone"],
        [_counts(group, [one for one in read if one.group == group]) for group in groups],
    )
    rules = Counter(rule.id for one in read for rule in one.tried.decision.fired)
    yield Table("rules that fired", ["rule", "messages"], rules.most_common())
    columns = ["folder", "outcome", "rules", "found", "message"]
    touched = [_listed(one) for one in read if one.touched]
    yield Table("stopped or masked", columns, touched)
    alone = [_listed(one) for one in read if one.asks_documents and not one.touched]
    yield Table("answered from the documents alone", columns, alone)
    yield Table(
        "milliseconds a message",
        ["detector", "p50", "p95"],
        [[name, *quantiles] for name, quantiles in times.items()],
    )


def _counts(group: str, read: Sequence[Read]) -> list[Figure]:
    stopped = sum(one.stopped for one in read)
    masked = sum(one.masked for one in read)
    asked = sum(one.asks_documents for one in read)
    return [group, len(read), stopped, stopped / len(read), masked, asked]


def _listed(one: Read) -> list[Figure]:
    decision = one.tried.decision
    return [
        one.group,
        "mask" if decision.allows and one.masked else decision.outcome.value,
        ", ".join(rule.id for rule in decision.fired),
        ", ".join(_found(one)) or ", ".join(one.tried.detected.failed),
        " ".join((one.as_masked if one.masked else one.tried.text).split())[:SHOWN],
    ]


def _found(one: Read) -> list[str]:
    return [
        f.reason if f.score is None else f"{f.reason} {f.score:.2f}"
        for f in one.tried.detected.findings
    ]


def _times(read: Sequence[Read]) -> Iterator[tuple[str, tuple[float, float]]]:
    """(p50, p95) of each detector, and of all."""
    taken = [dict(one.tried.detected.milliseconds) for one in read]
    for name in taken[0]:
        p50, p95 = np.quantile([one[name] for one in taken], [0.5, 0.95])
        yield name, (float(p50), float(p95))
    p50, p95 = np.quantile([one.tried.detected.together_ms for one in read], [0.5, 0.95])
    yield "all of them", (float(p50), float(p95))


def _prediction(one: Read) -> dict[str, object]:
    return {
        "folder": one.group,
        "text": one.tried.text,
        "outcome": one.tried.decision.outcome.value,
        "masked": one.as_masked if one.masked else "",
        "rules": [rule.id for rule in one.tried.decision.fired],
        "found": _found(one),
    }


def _record(
    read: Sequence[Read],
    content: Configuration,
    times: dict[str, tuple[float, float]],
    figures: dict[str, Estimate],
) -> Record:
    p50, p95 = times["all of them"]
    arm = {name: vars(one) for name, one in figures.items()} | {"p50_ms": p50, "p95_ms": p95}
    return Record(
        questions=len(read),
        settings={ANSWERS: thresholds(content.thresholds)},
        figures={
            "arms": {ANSWERS: arm},
            "stopped": [_prediction(one) for one in read if one.touched],
        },
        index_model=BUNDLED,
    )
