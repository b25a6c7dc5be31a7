"""Which rules fire on the facts, and what follows. Forbid wins over allow; without a rule, speech
is allowed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from supportbot.guardrails.detectors.types import Stage
from supportbot.guardrails.policy.conditions import ConditionError
from supportbot.guardrails.policy.facts import Facts
from supportbot.guardrails.policy.rules import BESIDE, STRICTNESS, Outcome, Rule
from supportbot.guardrails.types import Finding

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Decision:
    """`outcome` is the strictest of the rules that fired, `beside` what happens as well. `broken`
    are rules whose condition could not be told; they count as fired. `language` is that of the
    conversation."""

    stage: Stage
    outcome: Outcome
    fired: tuple[Rule, ...] = ()
    beside: frozenset[Outcome] = frozenset()
    facts: Facts = field(default_factory=Facts)
    broken: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    language: str = ""

    @property
    def decisive(self) -> Rule | None:
        """The rule whose outcome it is."""
        return next((rule for rule in self.fired if rule.outcome == self.outcome), None)

    @property
    def text(self) -> str:
        """What the customer reads, in the language that they write in, else in that of the
        conversation, else in English; "" if the rule has none."""
        spoken = (self.facts.language, self.language)
        return self.decisive.text_in(*spoken) if self.decisive else ""

    @property
    def allows(self) -> bool:
        return self.outcome in {Outcome.ALLOW, *BESIDE}

    def as_json(self) -> dict[str, Any]:
        """As stored with a run."""
        return {
            "stage": self.stage.value,
            "outcome": self.outcome.value,
            "beside": sorted(one.value for one in self.beside),
            "rules": [
                {
                    "id": rule.id,
                    "statement": rule.statement,
                    "when": rule.when,
                    "outcome": rule.outcome.value,
                    "severity": rule.severity.value,
                }
                for rule in self.fired
            ],
            "facts": self.facts.as_json(),
            "broken": list(self.broken),
        }


def decide(
    rules: Sequence[Rule],
    stage: Stage,
    facts: Facts,
    findings: Sequence[Finding] = (),
    language: str = "",
) -> Decision:
    """What the rules of the stage say about the facts. The findings and the conversation's language
    go with the decision."""
    fired, broken = [], []
    for rule in rules:
        if rule.stage != stage:
            continue
        try:
            if rule.fires(facts):
                fired.append(rule)
        except ConditionError as error:
            log.error("condition_broken", rule=rule.id, error=str(error))
            broken.append(rule.id)
            fired.append(rule)
    exclusive = [rule.outcome for rule in fired if rule.outcome not in BESIDE]
    outcome = max(exclusive, key=STRICTNESS.__getitem__, default=Outcome.ALLOW)
    beside = frozenset(rule.outcome for rule in fired if rule.outcome in BESIDE)
    ordered = sorted(fired, key=lambda rule: -STRICTNESS[rule.outcome])
    return Decision(
        stage, outcome, tuple(ordered), beside, facts, tuple(broken), tuple(findings), language
    )
