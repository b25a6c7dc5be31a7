"""Which routes may answer a question, in which order, and why: a pure policy that a run stores.

The ladder is curated answer → cached answer → extractive → small model → large model → person. The
first two are looked for before the search (answers.known); this decides about the others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from supportbot.answers.complexity import Complexity, complexity_of
from supportbot.answers.pictures import seeing_routes
from supportbot.answers.types import Evidence
from supportbot.configuration.content import Configuration, RouteKind
from supportbot.llm.routes import ModelRoute, Purpose

EXTRACTIVE = "extractive"
PERSON = "person"


@dataclass(frozen=True)
class Candidate:
    """A route that is tried in its turn."""

    name: str
    kind: RouteKind
    reason: str
    model: ModelRoute | None = None


@dataclass(frozen=True)
class Decision:
    """`left_out` are routes that are configured and not tried: (name, reason)."""

    candidates: tuple[Candidate, ...]
    left_out: tuple[tuple[str, str], ...]
    complexity: Complexity
    answerability: float
    topic: str = ""

    @property
    def goes_to_person(self) -> bool:
        return self.candidates[0].kind == RouteKind.PERSON

    def as_json(self) -> dict[str, Any]:
        """As stored with the run."""
        return {
            "answerability": round(self.answerability, 4),
            "complexity": "complex" if self.complexity.is_complex else "simple",
            "because": list(self.complexity.reasons),
            "topic": self.topic,
            "candidates": [
                {"route": one.name, "kind": one.kind.value, "reason": one.reason}
                for one in self.candidates
            ],
            "left_out": [{"route": name, "reason": reason} for name, reason in self.left_out],
        }


def decide(evidence: Evidence, configuration: Configuration) -> Decision:
    """The routes for a question. The extractive one is always among them, unless the topic is one
    for a person."""
    complexity = complexity_of(evidence.question.text, evidence.ranking)
    wanted, reason, topic = _wanted(evidence, configuration, complexity)
    candidates = [
        candidate for kind in wanted for candidate in _candidates(kind, configuration, reason)
    ]
    if evidence.question.pictures:
        candidates = _seeing_first(candidates, wanted, configuration, topic)
    taken = {candidate.name for candidate in candidates}
    left_out = [
        (route.name, _why_not(route, wanted, reason))
        for route in configuration.routes
        if route.name not in taken and route.purpose in {Purpose.SMALL, Purpose.LARGE}
    ]
    answerability = evidence.ranking.answerability
    return Decision(tuple(candidates), tuple(left_out), complexity, answerability, topic)


def _wanted(
    evidence: Evidence, configuration: Configuration, complexity: Complexity
) -> tuple[list[RouteKind], str, str]:
    """Kinds of routes in order, why, and the topic if it decided."""
    extractive, small, large = RouteKind.EXTRACTIVE, RouteKind.SMALL, RouteKind.LARGE
    if found := _topic(evidence, configuration):
        word, kind = found
        reason = f"the topic “{word}” is set to {kind.value}"
        if kind == RouteKind.PERSON:
            return [kind], reason, word
        above = {extractive: [], small: [small], large: [large, small]}[kind]
        answerable = above if evidence.is_answerable else []
        return [*answerable, extractive], reason, word
    if not evidence.is_answerable:
        least = evidence.answerability_min
        return [extractive], f"the documents do not answer it (below {least:.2f})", ""
    if complexity.is_complex:
        return [large, small, extractive], f"it {' and '.join(complexity.reasons)}", ""
    if _sureness(evidence) >= configuration.extractive_from < 1:
        return [extractive, small], "it is simple, and the reader is sure", ""
    return [small, extractive], "it is simple", ""


def _topic(evidence: Evidence, configuration: Configuration) -> tuple[str, RouteKind] | None:
    if not configuration.topics:
        return None
    best = evidence.passages[0] if evidence.passages else None
    place = " ".join([best.title, *best.heading]) if best and evidence.is_answerable else ""
    text = f"{evidence.question.text}\n{place}".casefold()
    for rule in configuration.topics:
        for word in rule.words:
            if re.search(rf"(?<!\w){re.escape(word.casefold())}(?!\w)", text):
                return word, rule.route
    return None


def _candidates(kind: RouteKind, configuration: Configuration, reason: str) -> list[Candidate]:
    if kind in {RouteKind.EXTRACTIVE, RouteKind.PERSON}:
        return [Candidate(kind.value, kind, reason)]
    return [
        Candidate(route.name, kind, reason, route)
        for route in configuration.routes_for(Purpose(kind.value))
    ]


def _seeing_first(
    candidates: list[Candidate], wanted: list[RouteKind], configuration: Configuration, topic: str
) -> list[Candidate]:
    """For a question with a picture, the models that see it come first, if a model may answer at
    all; of a topic, those that are set for it."""
    kinds = {kind for kind in wanted if kind in {RouteKind.SMALL, RouteKind.LARGE}}
    if kinds and not topic:
        kinds = {RouteKind.SMALL, RouteKind.LARGE}
    seeing = [
        Candidate(route.name, RouteKind(route.purpose.value), "it can see the picture", route)
        for route in seeing_routes(configuration)
        if route.purpose.value in kinds
    ]
    first = {one.name for one in seeing}
    return [*seeing, *(one for one in candidates if one.name not in first)]


def _why_not(route: ModelRoute, wanted: list[RouteKind], reason: str) -> str:
    if not route.enabled:
        return "it is switched off"
    if route.purpose == Purpose.LARGE and RouteKind.SMALL in wanted:
        return f"{reason}: no question for the large model"
    return reason


def _sureness(evidence: Evidence) -> float:
    return max((unit.probability for unit in evidence.ranking.reading.units), default=0.0)
