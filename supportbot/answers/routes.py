"""Generate: the routes that can write an answer, in the order they are tried."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field

from django.conf import settings

from supportbot.answers import extractive, model_route
from supportbot.answers.prompts import load_prompt
from supportbot.answers.types import Evidence, Proposed
from supportbot.llm.client import Usage, is_configured


@dataclass(frozen=True)
class Route:
    """A way to write an answer. `usage` is filled while it writes."""

    name: str
    generate: Callable[[Evidence], AsyncGenerator[Proposed]]
    model: str = ""
    prompt_name: str = ""
    prompt_hash: str = ""
    usage: Usage = field(default_factory=Usage)


def routes_for(evidence: Evidence) -> list[Route]:
    """The configured model first; the extractive route last, because it is always available.

    Without passages that answer, the model could only invent, so it is not asked.
    """
    last = Route(name=extractive.NAME, generate=extractive.generate)
    return [_model_route(), last] if is_configured() and evidence.is_answerable else [last]


def _model_route() -> Route:
    usage = Usage()
    prompt = load_prompt(model_route.PROMPT)
    return Route(
        name=model_route.NAME,
        generate=lambda evidence: model_route.generate(evidence, usage),
        model=settings.MODEL,
        prompt_name=prompt.name,
        prompt_hash=prompt.hash,
        usage=usage,
    )
