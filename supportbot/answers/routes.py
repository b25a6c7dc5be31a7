"""Generate: the routes that can write an answer, ready to be tried in the order decided."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field

from supportbot.answers import extractive_route, model_route
from supportbot.answers.model_calls import Bill
from supportbot.answers.prompts import load_prompt
from supportbot.answers.routing import Candidate, Decision
from supportbot.answers.spending import Payer
from supportbot.answers.types import Evidence, Proposed
from supportbot.configuration.content import Configuration, RouteKind
from supportbot.llm.routes import ModelRoute


@dataclass(frozen=True)
class Route:
    """A way to write an answer. `bill` is filled while it writes."""

    name: str
    kind: RouteKind
    generate: Callable[[Evidence], AsyncGenerator[Proposed]]
    model: ModelRoute | None = None
    prompt_name: str = ""
    prompt_hash: str = ""
    bill: Bill = field(default_factory=Bill)

    @property
    def model_name(self) -> str:
        """As the server names it, if it has answered; "" for a route without a model."""
        return self.bill.model or (self.model.model if self.model else "")


def routes_for(decision: Decision, configuration: Configuration, payer: Payer) -> list[Route]:
    """The candidates that write; a person does not."""
    return [
        _route(candidate, configuration, payer)
        for candidate in decision.candidates
        if candidate.kind != RouteKind.PERSON
    ]


def _route(candidate: Candidate, configuration: Configuration, payer: Payer) -> Route:
    if candidate.model is None:
        return Route(candidate.name, candidate.kind, extractive_route.generate)
    model, bill = candidate.model, Bill()
    prompt = load_prompt(model_route.PROMPT, configuration.prompts)
    return Route(
        name=candidate.name,
        kind=candidate.kind,
        generate=lambda evidence: model_route.generate(evidence, model, prompt, payer, bill),
        model=model,
        prompt_name=prompt.name,
        prompt_hash=prompt.hash,
        bill=bill,
    )
