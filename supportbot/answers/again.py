"""Asks a stored question again with another route, configuration or day. Nothing is sent or stored
but the calls of models, which cost what they cost."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
from dataclasses import dataclass

from supportbot.answers.enrich import enrich
from supportbot.answers.errors import AnswerError
from supportbot.answers.models import AnswerRun
from supportbot.answers.receive import receive
from supportbot.answers.routes import Route, routes_for
from supportbot.answers.routing import EXTRACTIVE, Candidate, Decision, decide
from supportbot.answers.second_opinion import SecondOpinion, second_opinion_of
from supportbot.answers.sentence_check import check
from supportbot.answers.spending import Payer
from supportbot.answers.types import Checked, Evidence
from supportbot.answers.validate import validate
from supportbot.configuration.content import Configuration, RouteKind


@dataclass(frozen=True)
class Again:
    """What came of it. `ended` is answered, nothing_kept, or the code of a failure."""

    evidence: Evidence
    decision: Decision
    route: Route | None
    sentences: tuple[Checked, ...]
    ended: str
    total_ms: int


async def ask_again(
    run: AnswerRun, configuration: Configuration, *, route: str = "", day: dt.date | None = None
) -> Again:
    """By the route of that name, or by those that the policy decides. Raises AnswerError."""
    began = asyncio.get_running_loop().time()
    question = await validate(await receive(run))
    if day is not None:
        question = dataclasses.replace(question, as_of=day)
    payer = Payer(budgets=configuration.budgets)
    evidence = await enrich(question, configuration, payer)
    decision = decide(evidence, configuration)
    if route:
        decision = dataclasses.replace(decision, candidates=(_only(route, configuration),))
    opinion = second_opinion_of(configuration, payer)
    checked: list[Checked] = []
    tried, ended = None, "person"
    for tried in routes_for(decision, configuration, payer):
        checked, ended = await _ask(tried, evidence, opinion)
        if any(one.kept for one in checked):
            break
    took = round((asyncio.get_running_loop().time() - began) * 1000)
    return Again(evidence, decision, tried, tuple(checked), ended, took)


async def _ask(
    route: Route, evidence: Evidence, opinion: SecondOpinion | None
) -> tuple[list[Checked], str]:
    checked: list[Checked] = []
    try:
        async for one in check(route.generate(evidence), evidence, opinion):
            checked.append(one)  # noqa: PERF401  (what came before an error counts too)
    except AnswerError as error:
        return checked, error.code
    return checked, "answered" if any(one.kept for one in checked) else "nothing_kept"


def _only(name: str, configuration: Configuration) -> Candidate:
    """The route of that name; the extractive one, if there is none any more."""
    for model in configuration.routes:
        if model.name == name:
            return Candidate(name, RouteKind(model.purpose.value), "it was chosen by hand", model)
    return Candidate(EXTRACTIVE, RouteKind.EXTRACTIVE, "it was chosen by hand")


def routes_to_choose(configuration: Configuration) -> list[str]:
    """Those that write answers."""
    kinds = {RouteKind.SMALL.value, RouteKind.LARGE.value}
    models = [route.name for route in configuration.routes if route.purpose.value in kinds]
    return [*models, EXTRACTIVE]
