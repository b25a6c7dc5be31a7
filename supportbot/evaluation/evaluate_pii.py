"""`manage.py evaluate pii`: does the product find the personal data in what people write?

Marked texts (supportbot.evaluation.pii_dataset) by kind, and ordinary questions in which nothing
may be found: made ones with numbers of orders and the like, and those of `--ordinary`.
"""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from supportbot.evaluation.grounding_figures import Estimate
from supportbot.evaluation.names import ANSWERS, FALSE_MASKS, GOLD_RECALL, PRECISION
from supportbot.evaluation.pii_dataset import LABELS, Marked, load, load_ordinary
from supportbot.evaluation.pii_references import references
from supportbot.evaluation.report import Figure, Record, Report, Table
from supportbot.guardrails.detectors.personal_data import names
from supportbot.guardrails.detectors.personal_data.detector import personal_data_in
from supportbot.guardrails.detectors.personal_data.types import (
    CARD,
    EMAIL,
    IBAN,
    IP,
    PHONE,
    SSN,
    URL,
    Found,
)

# What is found by its form alone, and must be; names and addresses need a model.
TARGET_KINDS = (EMAIL, CARD, IBAN, SSN, IP, PHONE, URL)
MADE_QUESTIONS = 1000
MADE, GIVEN = "made, with numbers", "given"
AROUND = 30  # characters shown on either side of a false mask
MOST_SHOWN = 60  # of a false mask
Say = Callable[[str], None]


def rate_of(outcomes: Sequence[float]) -> Estimate:
    """Of outcomes 0 and 1, with the 95% interval of Wilson (1927), which holds for few of them and
    for rates of 0 and 1."""
    right = int(sum(outcomes))
    low, high = stats.binomtest(right, len(outcomes)).proportion_ci(method="wilson")
    return Estimate(right / len(outcomes), float(low), float(high))


@dataclass(frozen=True)
class Counted:
    """Of one kind: for each marked span whether it was found, and whether to the character; for
    each finding whether it is right."""

    found: list[float] = field(default_factory=list)
    exact: list[float] = field(default_factory=list)
    right: list[float] = field(default_factory=list)

    def add(self, marked: Sequence[Found], found: Sequence[Found]) -> None:
        self.found.extend([float(any(_covers(one, span) for one in found)) for span in marked])
        self.exact.extend([float(span in found) for span in marked])
        self.right.extend([float(any(_overlap(one, span) for span in marked)) for one in found])

    @property
    def estimates(self) -> dict[str, Estimate]:
        figures = {GOLD_RECALL: self.found, PRECISION: self.right}
        return {name: rate_of(one) for name, one in figures.items() if one}


@dataclass(frozen=True)
class FalseMask:
    group: str
    kind: str
    words: str
    around: str


def evaluate(data: Path, *, say: Say, ordinary: Sequence[Path] | None = None) -> Report:
    """Raises BadDatasetError."""
    marked, given = load(data), load_ordinary(ordinary or ())
    names.wait_for_model()
    questions = [(MADE, text) for text in references(MADE_QUESTIONS)]
    questions += [(GIVEN, text) for text in given]
    say(f"{len(marked)} marked texts, {len(questions)} ordinary questions")
    found, marked_ms = _timed([one.text for one in marked])
    counted = _counted(marked, found)
    in_questions, question_ms = _timed([text for _, text in questions])
    wrong = [
        _false_mask(group, text, one)
        for (group, text), findings in zip(questions, in_questions, strict=True)
        for one in findings
    ]
    masked: dict[str, list[float]] = {}
    for (group, _), findings in zip(questions, in_questions, strict=True):
        masked.setdefault(group, []).append(float(bool(findings)))
    times = {"marked texts": marked_ms, "ordinary questions": question_ms}
    return Report(
        tables=list(_tables(counted, masked, wrong, times)),
        notes=_notes(marked),
        predictions=_predictions(marked, found),
        record=_record(len(marked), counted, masked, question_ms),
    )


def _timed(texts: Sequence[str]) -> tuple[list[list[Found]], list[float]]:
    found, milliseconds = [], []
    for text in texts:
        started = time.perf_counter()
        found.append(personal_data_in(text))
        milliseconds.append(1000 * (time.perf_counter() - started))
    return found, milliseconds


def _counted(marked: Sequence[Marked], found: Sequence[Sequence[Found]]) -> dict[str, Counted]:
    """By kind, for the kinds that the data marks."""
    kinds = {span.kind for one in marked for span in one.spans}
    counted = {kind: Counted() for kind in LABELS if kind in kinds}
    for one, findings in zip(marked, found, strict=True):
        for kind, figures in counted.items():
            figures.add(
                [span for span in one.spans if span.kind == kind],
                [finding for finding in findings if finding.kind == kind],
            )
    return counted


def _covers(one: Found, span: Found) -> bool:
    return one.start <= span.start and span.end <= one.end


def _overlap(one: Found, other: Found) -> bool:
    return one.start < other.end and other.start < one.end


def _false_mask(group: str, text: str, one: Found) -> FalseMask:
    around = text[max(0, one.start - AROUND) : one.end + AROUND]
    words = textwrap.shorten(text[one.start : one.end], MOST_SHOWN, placeholder="…")
    return FalseMask(group, one.kind, words, textwrap.shorten(around, 2 * MOST_SHOWN))


def _tables(
    counted: Mapping[str, Counted],
    masked: Mapping[str, Sequence[float]],
    wrong: Sequence[FalseMask],
    times: Mapping[str, Sequence[float]],
) -> Iterator[Table]:
    rows = [_row(kind, figures) for kind, figures in counted.items()]
    together = [figures for kind, figures in counted.items() if kind in TARGET_KINDS]
    yield Table(
        "by kind",
        ["kind", "marked", "recall", "from", "to", "exact", "found", "precision", "from ", "to "],
        [*rows, _row("by form together", _together(together))],
    )
    yield Table(
        "false masks on ordinary questions",
        ["questions", "asked", "masked", "share"],
        [
            [group, len(all_), int(sum(all_)), sum(all_) / len(all_)]
            for group, all_ in masked.items()
        ],
    )
    yield Table(
        "every false mask",
        ["questions", "kind", "masked", "in"],
        [[one.group, one.kind, one.words, one.around] for one in wrong],
    )
    yield Table(
        "milliseconds a text",
        ["texts", "number", "p50", "p95"],
        [[name, len(all_), *_quantiles(all_)] for name, all_ in times.items()],
    )


def _row(name: str, figures: Counted) -> list[Figure]:
    def three(values: Sequence[float]) -> list[Figure]:
        if not values:
            return [None, None, None]
        one = rate_of(values)
        return [one.value, one.low, one.high]

    exact = float(np.mean(figures.exact)) if figures.exact else None
    found, right = three(figures.found), three(figures.right)
    return [name, len(figures.found), *found, exact, len(figures.right), *right]


def _together(counted: Sequence[Counted]) -> Counted:
    return Counted(
        found=[one for figures in counted for one in figures.found],
        exact=[one for figures in counted for one in figures.exact],
        right=[one for figures in counted for one in figures.right],
    )


def _quantiles(milliseconds: Sequence[float]) -> tuple[float, float]:
    p50, p95 = np.quantile(milliseconds, [0.5, 0.95])
    return float(p50), float(p95)


def _notes(marked: Sequence[Marked]) -> list[str]:
    spans = sum(len(one.spans) for one in marked)
    return [
        f"{spans} marked spans of kinds that the product knows. Found: every character of the span "
        "is masked as its kind. Right: the finding overlaps a span of its kind. Findings of kinds "
        "that the data does not mark are not judged. From, to: 95% intervals over spans; "
        "texts made from few templates say less than their number.",
        f"Names and addresses: {names.about_model()}",
    ]


def _predictions(
    marked: Sequence[Marked], found: Sequence[Sequence[Found]]
) -> list[dict[str, Any]]:
    """With the data's own names for the kinds."""
    known = {label for one in marked for label in one.labels}
    name = {
        kind: next((label for label in labels if label in known), labels[0])
        for kind, labels in LABELS.items()
    }
    return [
        {
            "id": one.id,
            "spans": [
                {"start": f.start, "end": f.end, "label": name.get(f.kind, f.kind)}
                for f in findings
            ],
        }
        for one, findings in zip(marked, found, strict=True)
    ]


def _record(
    questions: int,
    counted: Mapping[str, Counted],
    masked: Mapping[str, Sequence[float]],
    milliseconds: Sequence[float],
) -> Record:
    together = _together([one for kind, one in counted.items() if kind in TARGET_KINDS])
    everywhere = [one for group in masked.values() for one in group]
    p50, p95 = _quantiles(milliseconds)
    product = {**together.estimates, FALSE_MASKS: rate_of(everywhere)}
    arms: dict[str, Any] = {
        ANSWERS: {name: asdict(one) for name, one in product.items()}
        | {"p50_ms": p50, "p95_ms": p95}
    }
    for kind, figures in counted.items():
        arms[kind] = {name: asdict(one) for name, one in figures.estimates.items()}
    return Record(
        questions=questions,
        settings={ANSWERS: {"kinds": ", ".join(TARGET_KINDS), "names": names.about_model()}},
        figures={"arms": arms},
        index_model="",
    )
