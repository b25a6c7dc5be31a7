"""The record of a run: stages with their times, verdicts, routes, tokens.

A new attempt adds to what earlier attempts stored.
"""

from __future__ import annotations

import time
from typing import Any

import structlog
from django.utils import timezone

from supportbot.answers import routing
from supportbot.answers.models import AnswerRun
from supportbot.answers.routes import Route
from supportbot.answers.types import Checked, Stage
from supportbot.configuration.content import RouteKind
from supportbot.guardrails.policy.decide import Decision

log = structlog.get_logger(__name__)
KNOWN = frozenset({RouteKind.CURATED, RouteKind.CACHED})
FIELDS = (
    "stages",
    "verdicts",
    "fallbacks",
    "policy",
    "routing",
    "route",
    "model",
    "prompt_name",
    "prompt_hash",
    "tokens_in",
    "tokens_out",
    "first_sentence_ms",
)


class Record:
    """The fields of one AnswerRun that describe how it went. `attempt` counts from 1."""

    def __init__(self, row: AnswerRun) -> None:
        self.run_id = str(row.pk)
        self.attempt = row.attempts
        self.fields: dict[str, Any] = {name: getattr(row, name) for name in FIELDS}
        self._attempt_began = time.monotonic()
        earlier = timezone.now() - row.started_at if row.started_at is not None else None
        self._began = time.monotonic() - (earlier.total_seconds() if earlier is not None else 0.0)
        self._open: list[dict[str, Any]] = []

    def elapsed_ms(self) -> int:
        """Milliseconds since the run's first attempt started."""
        return round((time.monotonic() - self._began) * 1000)

    def seconds_of_attempt(self) -> float:
        """Since this attempt started."""
        return time.monotonic() - self._attempt_began

    def begin(self, stage: Stage) -> dict[str, Any]:
        """Record the start of a stage. Call the returned function at its end."""
        entry = {"stage": str(stage), "attempt": self.attempt, "start_ms": self.elapsed_ms()}
        self._open.append(entry)
        return entry

    def end(self, entry: dict[str, Any], error: str = "") -> None:
        self._open = [each for each in self._open if each is not entry]
        failed = {"error": error} if error else {}
        self.fields["stages"].append({**entry, "end_ms": self.elapsed_ms(), **failed})

    def note_detectors(self, milliseconds: dict[str, float], stage: Stage = Stage.VALIDATE) -> None:
        """Record what detectors took with the stage, which runs; of several texts, together."""
        for entry in self._open:
            if entry["stage"] == stage:
                taken = entry.setdefault("detectors", {})
                for name, took in milliseconds.items():
                    taken[name] = round(taken.get(name, 0.0) + took, 1)

    def note_verdict(self, checked: Checked) -> None:
        """Record what was proposed, the verdict, and the words of the source that decided."""
        self.fields["verdicts"].append({**verdict_to_json(checked), "attempt": self.attempt})

    def note_policy(self, decision: Decision, text: str = "") -> None:
        """Record the rules that fired, on which facts; `text` is the sentence they are about."""
        if decision.fired:
            noted = {**decision.as_json(), "text": text, "attempt": self.attempt}
            self.fields["policy"].append(noted)

    def note_first_sentence(self) -> None:
        if self.fields["first_sentence_ms"] is None:
            self.fields["first_sentence_ms"] = self.elapsed_ms()

    def note_decision(self, decision: routing.Decision) -> None:
        """Record which routes are tried, and why."""
        before, decided = self.fields["routing"], decision.as_json()
        known = [one for one in before.get("candidates", []) if one["kind"] in KNOWN]
        candidates = known + decided["candidates"]
        tried = before.get("tried", [])
        self.fields["routing"] = {**decided, "candidates": candidates, "tried": tried}

    def note_known(self, route: Route, reason: str) -> None:
        """Record that an answer was known before the documents were searched."""
        found = {"route": route.name, "kind": route.kind.value, "reason": reason}
        self.fields["routing"].setdefault("candidates", []).append(found)

    def note_tried(self, route: Route, became: str) -> None:
        """Record what became of a route: answered, no_answer, or the code of its failure."""
        tried = {"route": route.name, "became": became, "attempt": self.attempt}
        self.fields["routing"].setdefault("tried", []).append(tried)

    def note_route(self, route: Route) -> None:
        """Record the cost of a route. The last recorded route wrote the answer."""
        self.fields |= {
            "route": route.name,
            "model": route.model_name,
            "prompt_name": route.prompt_name,
            "prompt_hash": route.prompt_hash,
            "tokens_in": self.fields["tokens_in"] + route.bill.tokens_in,
            "tokens_out": self.fields["tokens_out"] + route.bill.tokens_out,
        }

    def note_fallback(self, route: Route, *, code: str, detail: str) -> None:
        """Record that a route failed and another is tried."""
        self.fields["fallbacks"].append(
            {
                "route": route.name,
                "code": code,
                "detail": detail[:500],
                "attempt": self.attempt,
                "model": route.model_name,
                "tokens_in": route.bill.tokens_in,
                "tokens_out": route.bill.tokens_out,
            }
        )
        log.warning("route_failed", run=self.run_id, route=route.name, code=code)

    def columns(self, *, under_way: bool = True) -> dict[str, Any]:
        """The columns to store now. A stage that is still running is stored as if it ended now, or
        not at all."""
        now = self.elapsed_ms()
        running = [{**entry, "end_ms": now} for entry in self._open if under_way]
        stages = [*self.fields["stages"], *running]
        return {**self.fields, "stages": stages, "total_ms": now}


def verdict_to_json(checked: Checked) -> dict[str, Any]:
    """What was proposed and what the checks said, as it is stored with a run."""
    return {
        "text": checked.replaced or checked.sentence.text,
        "verdict": str(checked.verdict),
        "kept": checked.kept,
        "reason": checked.reason,
        "shown": checked.sentence.text if checked.replaced else "",
        "score": None if checked.score is None else round(checked.score, 3),
        "findings": [
            {
                "check": one.check,
                "reason": one.reason,
                "span": one.span,
                "source_words": one.source_words,
            }
            for one in checked.findings
        ],
        "sources": [{"n": cited["n"], "quote": cited["quote"]} for cited in checked.citations],
    }
