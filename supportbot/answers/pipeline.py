"""The answer to one question, from its stored message to what the customer or an agent gets."""

from __future__ import annotations

import structlog

from supportbot.answers.check import check
from supportbot.answers.deliver import complete_run, deliver_sentences, fail_run
from supportbot.answers.enrich import enrich, snapshot
from supportbot.answers.errors import AnswerError
from supportbot.answers.manners import reply_without_answer, reply_without_documents
from supportbot.answers.no_answer import no_answer
from supportbot.answers.receive import receive
from supportbot.answers.routes import Route, routes_for
from supportbot.answers.run import Run
from supportbot.answers.types import Question, Reply, Snapshot, Stage
from supportbot.answers.validate import validate

log = structlog.get_logger(__name__)


async def answer(run: Run) -> None:
    """Go through the stages once. The run always ends: completed, failed or, when its lease is
    lost (LeaseLostError), in the hands of another process."""
    try:
        question = await run.stage(Stage.RECEIVE, receive, run.row)
        question, said = await run.stage(Stage.VALIDATE, _screen, question)
        if said is not None:
            await complete_run(run, [], said, Snapshot([], {}))
            return
        await run.emit("run.status", status="searching", text="Searching the documents")
        evidence = await run.stage(Stage.ENRICH, enrich, question)
        if evidence.passages:
            await run.emit("run.status", status="writing", text=_reading(len(evidence.passages)))
        tried: list[Route] = []
        for route in routes_for(evidence):
            tried.append(route)
            proposed = run.stream(Stage.GENERATE, route.generate(evidence))
            checked = run.stream(Stage.CHECK, check(proposed, evidence))
            reply = await run.stage(Stage.DELIVER, deliver_sentences, run, route, checked)
            if reply.complete:
                break
        if not reply.sentences:
            reply = await reply_without_answer(question) or no_answer(evidence, reply.route)
        await complete_run(run, tried, reply, snapshot(evidence))
    except AnswerError as error:
        log.warning("run_failed", run=str(run.id), code=error.code)
        await fail_run(run, error)


async def _screen(question: Question) -> tuple[Question, Reply | None]:
    """The checked question, and the reply to one that needs no documents."""
    question = await validate(question)
    return question, await reply_without_documents(question)


def _reading(passages: int) -> str:
    return "Reading 1 passage" if passages == 1 else f"Reading {passages} passages"
