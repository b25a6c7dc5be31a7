"""Answers one question, from its stored message to the answer or draft."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace

import structlog

from supportbot.answers import cache, curated, extractive_route, nearest
from supportbot.answers.deliver import complete_run, deliver_sentences, fail_run, first_by
from supportbot.answers.enrich import enrich, search_ahead, works_ahead
from supportbot.answers.errors import AnswerError
from supportbot.answers.guard import (
    POLICY,
    Guard,
    guarded,
    guarded_reply,
    otherwise_of,
    raise_priority_if_told,
    reply_of,
)
from supportbot.answers.known import Finder, LookUps
from supportbot.answers.loops import end_loop
from supportbot.answers.manners import reply_without_answer, reply_without_documents
from supportbot.answers.models import AnswerRun
from supportbot.answers.no_answer import no_answer
from supportbot.answers.pictures import leave_to_agents
from supportbot.answers.receive import receive
from supportbot.answers.routes import Route, routes_for
from supportbot.answers.routing import PERSON, decide
from supportbot.answers.run import Run
from supportbot.answers.second_opinion import second_opinion_of
from supportbot.answers.sentence_check import check
from supportbot.answers.threads import in_thread
from supportbot.answers.triage import store_of
from supportbot.answers.types import Evidence, Question, Reply, Screened, Stage
from supportbot.answers.validate import validate
from supportbot.configuration.content import Configuration, RouteKind
from supportbot.guardrails.policy.decide import Decision
from supportbot.guardrails.policy.rules import Outcome

log = structlog.get_logger(__name__)
NOBODY_REVIEWS = Reply(POLICY, complete=True, outcome=AnswerRun.Outcome.HANDED_OVER)

# What is known before the documents are searched; the first that passes the check is the answer.
FINDERS: Sequence[Finder] = (curated.find, cache.find)


async def answer(run: Run) -> None:
    """Run the stages once. The run always ends: completed, failed, or taken over by another process
    (LeaseLostError)."""
    guard = Guard(run.row, run.configuration)
    compares = run.row.delivery == AnswerRun.Delivery.COMPARED
    known = LookUps(() if compares else FINDERS, run.configuration)
    try:
        question = await run.stage(Stage.RECEIVE, receive, run.row, run.asked)
        screened = await run.stage(Stage.VALIDATE, _screen, run, guard, known, question)
        reply = screened.reply or await _answer(run, guard, known, screened)
        await run.stage(Stage.COMPLETE, complete_run, run, reply)
        await cache.keep(run, screened.question, reply)
    except AnswerError as error:
        await fail(run, error)
    finally:
        await known.end()


async def fail(run: Run, error: AnswerError) -> None:
    """End the run with an error message for the customer."""
    log.warning("run_failed", run=str(run.id), code=error.code)
    await run.stage(Stage.COMPLETE, fail_run, run, error)


async def _screen(run: Run, guard: Guard, known: LookUps, question: Question) -> Screened:
    """What the policy says of the message, and the reply if it needs no documents."""
    question = await validate(question)
    if works_ahead(question, run.configuration):
        known.begin(question)
        search_ahead(question, run.configuration)
    without_documents = asyncio.ensure_future(reply_without_documents(question))
    try:
        decision = await guard.of_message(question)
        reply = await _reply_of(run, guard, decision, question)
        if reply is None and not question.pictures:  # a greeting below a picture is no small talk
            reply = await without_documents
    finally:
        without_documents.cancel()
    return Screened(question, await end_loop(run, question, reply), otherwise_of(decision))


async def _reply_of(run: Run, guard: Guard, decision: Decision, question: Question) -> Reply | None:
    """Record what the policy says of a message; the reply if it gives one."""
    if guard.unstored is not None:
        run.beside(in_thread(store_of)(question, guard.unstored))
    run.record.note_policy(decision)
    run.record.note_detectors(guard.detector_times)
    await raise_priority_if_told(run, decision)
    if reply := reply_of(decision):
        return reply
    if decision.outcome != Outcome.DRAFT or await run.hold_for_review():
        return None
    return NOBODY_REVIEWS


async def _answer(run: Run, guard: Guard, known: LookUps, screened: Screened) -> Reply:
    """A known answer if there is one and it passes the check; else one from the documents. None is
    known of a question with a picture."""
    if screened.question.pictures:
        return await _answer_from_documents(run, guard, screened)
    async with aclosing(known.found(screened.question)) as found:
        async for one in found:
            run.record.note_known(one.route, one.reason)
            run.note(**one.columns)
            reply = await run.stage(Stage.DELIVER, _try, run, guard, [one.route], one.evidence)
            if reply.complete:
                return reply
            await run.forget(Stage.DELIVER)  # so that it runs again, for the documents
    return await _answer_from_documents(run, guard, screened)


async def _answer_from_documents(run: Run, guard: Guard, screened: Screened) -> Reply:
    run.emit_soon("run.status", status="searching", text="Searching the documents")
    content = run.configuration.without_models if screened.otherwise else run.configuration
    evidence = await run.stage(Stage.ENRICH, enrich, screened.question, content, run.payer)
    if evidence.rewritten is not None:
        run.keep_beside()
    if evidence.passages:
        run.emit_soon("run.status", status="writing", text=_reading(len(evidence.passages)))
    reply = await run.stage(Stage.DELIVER, _write, run, guard, screened, evidence, content)
    says_nothing = reply.outcome in {AnswerRun.Outcome.NO_ANSWER, AnswerRun.Outcome.SMALL_TALK}
    if screened.otherwise and says_nothing:
        return await end_loop(run, screened.question, screened.otherwise) or screened.otherwise
    return reply


async def _write(
    run: Run, guard: Guard, screened: Screened, evidence: Evidence, content: Configuration
) -> Reply:
    """Try the routes in the order that the policy decides. If none answers, what comes nearest is
    shown, unless the question has another reply."""
    decision = decide(evidence, content)
    run.record.note_decision(decision)
    if decision.goes_to_person:
        return Reply(
            route=PERSON, complete=True, outcome=AnswerRun.Outcome.HANDED_OVER, reason=POLICY
        )
    routes = routes_for(decision, content, run.payer)
    reply = await _try(run, guard, routes, evidence)
    if reply.sentences or reply.outcome:
        return reply
    await _hold_if_unseen(run, evidence.question)
    if small_talk := await reply_without_answer(evidence.question):
        return small_talk
    without = no_answer(evidence, reply.route)
    if screened.otherwise or not evidence.is_near:
        return without
    return await _doubt(run, guard, evidence, without)


async def _doubt(run: Run, guard: Guard, evidence: Evidence, without: Reply) -> Reply:
    """The reply `without` an answer, with what comes nearest in place of its text."""
    route = Route(extractive_route.NAME, RouteKind.EXTRACTIVE, nearest.generate)
    near = await _try(run, guard, [route], evidence)
    if near.outcome:  # a rule decided about it
        return near
    if any(sentence["citations"] for sentence in near.sentences):
        return replace(without, sentences=near.sentences, text="")
    if near.sentences:  # the doubt alone
        await run.emit("answer.replaced", reason="model_failed")
    return without


async def _try(run: Run, guard: Guard, routes: Sequence[Route], evidence: Evidence) -> Reply:
    """The reply of the first route that completes one. The customer sees each sentence as soon as
    it passes the check."""
    reply, until = Reply(route=""), run.first_sentence_until()
    opinion = second_opinion_of(run.configuration, run.payer)
    for position, route in enumerate(routes):
        sees = route.model is not None and route.model.sees_images
        if not sees:
            await _hold_if_unseen(run, evidence.question)
        if route.model is not None:
            run.keep_beside()
        proposed = run.stream(Stage.GENERATE, route.generate(evidence))
        checked = run.stream(Stage.CHECK, check(proposed, evidence, opinion))
        models_left = sum(1 for later in routes[position + 1 :] if later.model)
        checked = guarded(run, guard, checked, evidence)
        # A picture takes a model longer, and an agent would take longer still: the route's own
        # limits count.
        looks = sees and evidence.question.pictures
        by = None if looks else first_by(until, route, models_left)
        reply = await deliver_sentences(run, route, checked, by)
        if reply.complete:
            reply = await guarded_reply(run, guard, reply, evidence.question)
        if reply.complete:
            break
    return reply


async def _hold_if_unseen(run: Run, question: Question) -> None:
    """What is written without a look at the customer's pictures is a draft for an agent."""
    if not question.pictures or run.emitter.is_muted or not await run.hold_for_review():
        return
    if run.row.conversation is not None:
        await in_thread(leave_to_agents)(run.row.conversation)


def _reading(passages: int) -> str:
    return "Reading 1 passage" if passages == 1 else f"Reading {passages} passages"
