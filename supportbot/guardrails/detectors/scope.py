"""Subjects that the assistant does not speak about: medical, legal and financial advice, homework,
code, politics, and the business of other companies; and what only a doctor may say.

A detector cannot search the documents: the policy has them asked before a message is refused. So
that little is asked of the documents alone, a score counts only when it is very high, and hardly
at all where the message has words of ordinary business. The installation lists words of messages
that are never out of scope (SUPPORTBOT_SCOPE_ALLOW) and that always are (SUPPORTBOT_SCOPE_DENY).
"""

from __future__ import annotations

import datetime as dt
import functools
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings

from supportbot.guardrails.detectors.heads import (
    Patterns,
    compiled,
    likelihoods,
    matches,
    parts_of,
    surer,
)
from supportbot.guardrails.detectors.types import Card, Context, Detector, Stage
from supportbot.guardrails.types import Finding

NAME = "scope"
OTHER_COMPANY, DENIED, DIAGNOSIS = "other_company", "denied", "diagnosis"
SUBJECTS = ("medical", "legal", "financial", "homework", "code", "politics")
KINDS = (*SUBJECTS, DIAGNOSIS, OTHER_COMPANY, DENIED)
THRESHOLD = 0.98
LEAST = 0.5  # lower scores are no findings
SURE = 0.99  # the score of a pattern
LIKELY = 2.0  # logits that a word of the subject adds to the head
WITHOUT = -1.5  # and that the head loses where there is none
BUSINESS = -3.0  # and where the message has words of ordinary business


def detect(text: str, context: Context) -> Sequence[Finding]:
    """The subject of the message, if it may be none of the company's. Raises
    EmbeddingModelError."""
    if denied := _listed(settings.SCOPE_DENY, text):
        return [Finding(NAME, DENIED, denied.span(), 1.0)]
    if _listed(settings.SCOPE_ALLOW, text):
        return []
    known = _read()
    for kind, span in matches(known.diagnosis, text):
        return [Finding(NAME, kind, span, SURE)]
    is_business = any(True for _ in matches(known.never, text))
    if not is_business:
        for kind, span in matches(known.sure, text):
            return [Finding(NAME, kind, span, SURE)]
    best = ("", 0.0)
    parts = parts_of(text)[:1]  # one sentence about a subject does not make it the message's
    for part, shares in zip(parts, likelihoods(NAME, parts), strict=True):
        hinted = {kind for kind, _ in matches(known.likely, part)}
        for kind, share in shares.items():
            logits = LIKELY if kind in hinted else WITHOUT
            best = max(
                best, (kind, surer(share, logits + BUSINESS * is_business)), key=lambda b: b[1]
            )
    kind, score = best
    return [Finding(NAME, kind, score=score)] if score >= LEAST else []


def _listed(words: Sequence[str], text: str) -> re.Match[str] | None:
    """The first of the words that the text has, as a whole word."""
    if not words:
        return None
    listed = "|".join(re.escape(word) for word in words)
    return re.search(rf"(?<!\w)(?:{listed})(?!\w)", text, re.IGNORECASE)


class _Read:
    """The patterns of scope.toml."""

    def __init__(self) -> None:
        read = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
        names = "|".join(read["sure"].pop("names"))
        sure = {
            kind: [pattern.replace("{names}", names) for pattern in listed]
            for kind, listed in read["sure"].items()
        }
        self.sure: Patterns = compiled(sure)
        self.likely: Patterns = compiled(read["likely"])
        self.diagnosis: Patterns = compiled(read["diagnosis"])
        self.never: Patterns = compiled(read["never"])


_read = functools.cache(_Read)

DETECTOR = Detector(
    name=NAME,
    detect=detect,
    kinds=KINDS,
    stages=frozenset({Stage.MESSAGE}),
    thresholds=dict.fromkeys(KINDS, THRESHOLD),
    budget_ms=3000,
    card=Card(
        about="Medical, legal and financial advice, homework, code, politics, other companies.",
        data="Found: 16 messages on each subject that were not used to fit the head, by its own "
        "author. Alarms: questions of public sets; those of mtrag do ask for advice.",
        figures=(
            ("medical found, diagnoses and doses among them", "11 of 16"),
            ("legal found", "12 of 16"),
            ("financial found", "6 of 16"),
            ("homework found", "12 of 16"),
            ("code found", "11 of 16"),
            ("politics found", "12 of 16"),
            ("other companies found", "10 of 16"),
            ("messages that sound alike stopped", "0 of 112"),
            ("questions of banking77 stopped", "0 of 3,079"),
            ("questions of clinc150 stopped", "3 of 4,500"),
            ("questions of stackfaq stopped", "1 of 1,249"),
            ("questions of mtrag stopped", "15 of 675"),
            ("time beside the embedding, p50 and p95", "0.2 and 4 ms, on busy cores"),
        ),
        measured_on=dt.date(2026, 11, 29),
    ),
)
