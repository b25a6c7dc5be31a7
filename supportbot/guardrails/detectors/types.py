"""What detectors take and return."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from supportbot.guardrails.types import Finding


class Stage(StrEnum):
    """Where a text comes from, in the order of a run."""

    MESSAGE = "message"  # of a customer
    RETRIEVAL = "retrieval"  # a passage that was found
    SENTENCE = "sentence"  # of an answer, before it is shown
    ANSWER = "answer"  # the whole of it


@dataclass(frozen=True)
class Context:
    """What a detector may know beside the text. `sources` are the texts that a sentence may rest
    on, `own` what the customer wrote in this conversation, `secrets` what no answer may hold."""

    stage: Stage
    language: str = ""
    sources: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Card:
    """What a detector was measured on, for the page that shows it: (name, value) of each figure."""

    about: str
    data: str
    figures: tuple[tuple[str, str], ...]
    measured_on: dt.date


@dataclass(frozen=True)
class Detector:
    """`detect` returns findings whose `check` is the detector's name and whose `reason` is one of
    `kinds`. `thresholds` say, for each kind that has a score, from which score it counts. A call
    may take `budget_ms`; one that takes longer counts as failed."""

    name: str
    detect: Callable[[str, Context], Sequence[Finding]]
    kinds: tuple[str, ...]
    stages: frozenset[Stage]
    thresholds: dict[str, float]
    budget_ms: int
    card: Card


@dataclass(frozen=True)
class Detected:
    """`failed` are the names of detectors that raised, took too long or returned nonsense. What
    they would have found is not known, so the text has not passed. `together_ms` is how long the
    text waited for all of them, `cpu_ms` what they took of a core."""

    findings: tuple[Finding, ...] = ()
    failed: tuple[str, ...] = ()
    milliseconds: tuple[tuple[str, float], ...] = ()
    together_ms: float = 0.0
    cpu_ms: float = 0.0

    def score(self, kind: str) -> float:
        """The highest score of the kind; 0 without a finding of it."""
        return max((f.score or 0.0 for f in self.findings if f.reason == kind), default=0.0)

    def of(self, check: str) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.check == check)
