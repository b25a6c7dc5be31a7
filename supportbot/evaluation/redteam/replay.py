"""Replays cases through the whole pipeline, as a customer's program would ask.

The company's documents and those of the cases lie in collections of their own meanwhile; nothing
of the runs stays.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import yaml

from knowledge.models import Audience, Collection
from knowledge.progress import Line, Rate
from supportbot.answers.direct import DirectQuestion, direct_run
from supportbot.answers.errors import ReceiveError
from supportbot.answers.models import AnswerRun
from supportbot.answers.receive import check_text
from supportbot.answers.routing import EXTRACTIVE
from supportbot.answers.threads import in_thread
from supportbot.configuration.content import Configuration
from supportbot.configuration.current import current_content
from supportbot.evaluation.questions import Text
from supportbot.evaluation.redteam.customers import planted_customer
from supportbot.evaluation.redteam.obedient import obedient_model
from supportbot.evaluation.redteam.suite import Case, found_in, load_misdeeds
from supportbot.evaluation.report import EvaluationError
from supportbot.evaluation.scratch import Say, Scratch, StoredFile, scratch_collection
from supportbot.guardrails.detectors.types import Stage
from supportbot.guardrails.policy.library import rules_for
from supportbot.llm.routes import ModelRoute, Purpose
from supportbot.retrieval.query import Turn
from tickets.models import Message

Author = Message.Author
OBEDIENT = "obedient"
AT_ONCE = 3  # cases under way
NOTHING_ASKED = "no_words"  # the code of an error that is an answer: there was nothing to read
_NOT_READ = frozenset({"type", "run_id"})
_CONTEXT_TOKENS, _ANSWER_TOKENS = 16_000, 4_000
_PATIENCE = 600.0


@dataclass(frozen=True)
class Replayed:
    """`through`: what must not be read and was, `read` all texts of the events. `failed` is the
    code of an error that ended a run, `stopped_by` are the rules and reasons that stopped
    something."""

    case: Case
    route: str
    read: tuple[str, ...]
    through: tuple[str, ...]
    outcomes: tuple[str, ...]
    stopped_by: frozenset[str]
    asked_model: bool
    seconds: float
    failed: str = ""

    @property
    def passed(self) -> bool:
        return not (self.through or self.failed)


def replay(
    cases: Sequence[Case],
    routes: Sequence[str],
    documents: Sequence[Text | StoredFile],
    *,
    screened: bool = True,
    say: Say,
) -> list[Replayed]:
    """Every case by every route, over the documents. Without `screened`, messages are let through
    whatever the policy says of them. Raises EvaluationError."""
    content = current_content()
    for route in routes:
        _check_route(route, content)
    planted = list({case.seed: case.document for case in cases if case.document}.values())
    with ExitStack() as stack:
        company = stack.enter_context(scratch_collection(documents, say=say))
        own = stack.enter_context(scratch_collection(planted, say=say)) if planted else None
        for id_, reason in own.unread if own else ():
            say(f"{id_} was not published: {reason}")
        collections = [_name_of(one) for one in (company, own) if one]
        if not screened:
            policy = _unscreened(content.policy)
            content = content.model_copy(update={"policy": policy})
        return asyncio.run(_replay_all(cases, routes, content, collections))


def _name_of(scratch: Scratch) -> str:
    return Collection.objects.get(pk=scratch.collection).name


def _check_route(route: str, content: Configuration) -> None:
    known = [one.name for one in content.routes]
    if route not in {EXTRACTIVE, OBEDIENT, *known}:
        raise EvaluationError(
            f"There is no route {route}. Name one of: {', '.join([EXTRACTIVE, OBEDIENT, *known])}."
        )


def _unscreened(policy: str) -> str:
    """The edited policy with the rules for messages left out."""
    ids = [rule.id for rule in rules_for(policy).rules if rule.stage == Stage.MESSAGE]
    edited = yaml.safe_load(policy or "{name: edited, about: Messages are not screened.}")
    return yaml.safe_dump({**edited, "without": [*edited.get("without", []), *ids]})


async def _replay_all(
    cases: Sequence[Case],
    routes: Sequence[str],
    content: Configuration,
    collections: Sequence[str],
) -> list[Replayed]:
    """`collections` are the names of the company's and of the planted documents', which only the
    cases with a document are answered from."""
    line, rate, done = Line(sys.stderr), Rate(), 0
    total, free = len(cases) * len(routes), asyncio.Semaphore(AT_ONCE)
    async with obedient_model(cases, load_misdeeds()) as url:

        async def replay_one(case: Case, route: str) -> Replayed:
            nonlocal done
            async with free:
                places = tuple(collections if case.document else collections[:1])
                decides = content.model_copy(update={"collections": places})
                found = await _replay(case, route, _by_route(case, route, decides, url))
            done += 1
            rate.note(done)
            line.show(
                f"{done}/{total} attacks{rate.describe(total - done, 'attacks')}", done / total
            )
            return found

        found = await asyncio.gather(
            *(replay_one(case, route) for route in routes for case in cases)
        )
    line.end()
    return found


def _by_route(case: Case, route: str, content: Configuration, url: str) -> Configuration:
    """The configuration with that route alone. A model is asked whatever the documents say, and as
    long as it takes, so that no attack is stopped by chance."""
    if route == EXTRACTIVE:
        return content.model_copy(update={"routes": ()})
    if route == OBEDIENT:
        model = ModelRoute(
            name=OBEDIENT,
            base_url=url,
            model=case.id,
            context_tokens=_CONTEXT_TOKENS,
            answer_tokens=_ANSWER_TOKENS,
        )
    else:
        model = next(one for one in content.routes if one.name == route)
        model = model.model_copy(update={"purpose": Purpose.SMALL, "enabled": True})
    return content.model_copy(
        update={
            "routes": (model,),
            "answerability_min": 0.0,
            "extractive_from": 1.0,
            "topics": (),
            "first_sentence_seconds": _PATIENCE,
        }
    )


async def _replay(case: Case, route: str, content: Configuration) -> Replayed:
    began = time.perf_counter()
    history: list[Turn] = []
    read: list[str] = []
    outcomes, stopped_by, asked, failed = [], set[str](), False, ""
    async with planted_customer(case) as customer:
        read += [customer.greeting] if customer else []
        for turn in case.turns:
            try:
                text = check_text(turn)
            except ReceiveError as error:  # as at the edges
                outcomes.append(error.code)
                continue
            message = await customer.says(Author.CUSTOMER, text) if customer else None
            question = DirectQuestion(
                text,
                tuple(history),
                Audience.INTERNAL,
                only_compared=True,
                configuration=content,
                message=message,
            )
            async with _asked(question) as (events, row):
                said = events[-1].get("text", "")
                read += [one for event in events for one in _texts(event)]
                outcomes.append(row.outcome or row.error_code)
                stopped_by |= set(_stopped_by(row))
                asked = asked or any(one["route"] == route for one in row.routing.get("tried", ()))
                if row.error_code not in {"", NOTHING_ASKED}:
                    failed = row.error_code
            if customer:
                await customer.says(Author.BOT, said)
            history += [Turn(Author.CUSTOMER, text), Turn(Author.BOT, said)]
    return Replayed(
        case=case,
        route=route,
        read=tuple(read),
        through=tuple(through_in(case, read)),
        outcomes=tuple(outcomes),
        stopped_by=frozenset(stopped_by),
        asked_model=asked,
        seconds=time.perf_counter() - began,
        failed=failed,
    )


@asynccontextmanager
async def _asked(
    question: DirectQuestion,
) -> AsyncIterator[tuple[list[dict[str, Any]], AnswerRun]]:
    """All events and the run as it is stored, which is removed afterwards."""
    async with direct_run(question) as run:
        try:
            events = [event async for event in run.events()]
            yield events, await in_thread(AnswerRun.objects.get)(pk=run.row.pk)
        finally:
            await in_thread(AnswerRun.objects.filter(pk=run.row.pk).delete)()


def _texts(value: Any) -> Iterator[str]:
    """Every text in an event, whatever the widget makes of it."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name not in _NOT_READ:
                yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _stopped_by(row: AnswerRun) -> Iterator[str]:
    for decision in row.policy:
        yield from (f"rule {rule['id']}" for rule in decision["rules"])
    yield from (verdict["reason"] for verdict in row.verdicts if not verdict["kept"])


def through_in(case: Case, read: Sequence[str]) -> list[str]:
    """What must not be read after this case, or after any, and stands in the texts."""
    never = [one for misdeed in load_misdeeds() for one in misdeed.must_not]
    return list(
        dict.fromkeys(one for text in read for one in found_in(text, [*case.must_not, *never]))
    )
