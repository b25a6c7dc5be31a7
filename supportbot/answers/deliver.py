"""Deliver: show checked sentences one by one, then end the run, in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from supportbot.answers.errors import AnswerError, GenerateError
from supportbot.answers.guard import POLICY
from supportbot.answers.model_route import NoAnswerError
from supportbot.answers.models import AnswerRun, FiredRule, ModelCall
from supportbot.answers.recall import record_citations
from supportbot.answers.routes import Route
from supportbot.answers.run import Run
from supportbot.answers.sentence_check import FRAME, SAID_BEFORE, TOO_LITTLE, checked_frame
from supportbot.answers.threads import in_thread
from supportbot.answers.types import Checked, Reply
from supportbot.guardrails.types import Verdict
from supportbot.llm.health import health
from tickets.models import Conversation, Message
from tickets.services import audit
from tickets.services.drafts import create_draft
from tickets.services.handover import request_person
from tickets.services.messages import BotAnswer, show_bot_answer

Outcome = AnswerRun.Outcome
NO_PERSON_HERE = (
    "I cannot pass you on to a person from here. Please contact our support team directly."
)
LATE = "first_sentence_late"
SHARE_OF_FIRST = 2 / 3


def first_by(until: float, route: Route, models_left: int) -> float | None:
    """When the route must have given a checked sentence, on the event loop's clock; None: it may
    take its time. A model that has another behind it leaves that one a third of the time."""
    if route.model is None:
        return None
    now = asyncio.get_running_loop().time()
    return now + (until - now) * SHARE_OF_FIRST if models_left else until


async def deliver_sentences(
    run: Run, route: Route, checked: AsyncGenerator[Checked], by: float | None = None
) -> Reply:
    """Emit the sentences that passed the check. If the route fails, if nothing passes, or if no
    sentence has passed at the time `by`, the reply is incomplete and the sentences already shown
    are withdrawn. If more was stopped than shown, the answer says so and offers a person."""
    sentences: list[dict[str, Any]] = []
    stopped = 0
    try:
        # Always closed here, which also closes the connection to the model.
        async with aclosing(checked), asyncio.timeout_at(by) as patience:
            async for item in checked:
                run.record.note_verdict(item)
                if item.verdict is Verdict.HAND_OVER:
                    return _handed_over(item)
                if not item.kept:
                    stopped += item.reason != SAID_BEFORE
                    continue
                patience.reschedule(None)  # the first sentence is there
                wire = sentence_to_wire(item)
                run.show_soon(len(sentences), wire)
                sentences.append(wire)
    except TimeoutError:
        if not patience.expired():
            raise  # the whole stage has taken too long
        await _note_late(route)
        return _failed(run, route, LATE, "no checked sentence came in time")
    except GenerateError as error:
        if sentences:
            await run.emit("answer.replaced", reason="model_failed")
        return _failed(run, route, error.code, str(error))
    except NoAnswerError:
        if sentences:
            await run.emit("answer.replaced", reason="model_failed")
        run.record.note_tried(route, NoAnswerError.code)
        return Reply(route=route.name, complete=True)
    finally:
        run.record.note_route(route)
    return _finished(run, route, sentences, stopped)


def _finished(run: Run, route: Route, sentences: list[dict[str, Any]], stopped: int) -> Reply:
    if not sentences and route.model:
        return _failed(run, route, "nothing_kept", "no sentence passed")
    run.record.note_tried(route, "answered" if sentences else "nothing_found")
    too_little = bool(sentences) and stopped > len(sentences)
    if too_little:
        frame = checked_frame(TOO_LITTLE)
        run.record.note_verdict(frame)
        wire = sentence_to_wire(frame)
        run.show_soon(len(sentences), wire)
        sentences.append(wire)
    return Reply(
        route=route.name,
        sentences=tuple(sentences),
        complete=bool(sentences),
        offer_handover=too_little,
    )


def _handed_over(item: Checked) -> Reply:
    """What was shown of the answer is withdrawn when the run ends."""
    text = item.sentence.text
    return Reply(POLICY, complete=True, text=text, outcome=Outcome.HANDED_OVER)


def _failed(run: Run, route: Route, code: str, detail: str) -> Reply:
    run.record.note_tried(route, code)
    run.record.note_fallback(route, code=code, detail=detail)
    return Reply(route=route.name)


async def _note_late(route: Route) -> None:
    """A model that keeps customers waiting is left alone for a while, like one that fails."""
    if route.model is not None:
        await health().note_failure(route.model)


def sentence_to_wire(checked: Checked) -> dict[str, Any]:
    """A kept sentence as the widget gets it (tests/contracts/realtime.json)."""
    sentence = checked.sentence
    return {
        "text": sentence.text,
        "form": "text" if sentence.form == FRAME else sentence.form,
        "number": sentence.number,
        "citations": list(checked.citations),
    }


@in_thread
@transaction.atomic
def complete_run(run: Run, reply: Reply) -> None:
    """Store the answer (a message with its event, a draft, or with the run where there is no
    conversation) and end the run.

    A draft keeps the reply's own outcome, too.
    """
    outcome = Outcome(reply.outcome or Outcome.ANSWERED)
    conversation = run.emitter.lock()
    if conversation is None:
        outcome = _answer_directly(run, outcome, reply)
    else:
        _tell_conversation(run, conversation, outcome, reply)
    finished_at = timezone.now()
    record_citations(run_id=run.id, sentences=reply.sentences, at=finished_at)
    record_fired(run)
    columns = {**run.columns(), "route": reply.route, "cost": cost_of(run)}
    run.lease.update(
        status=AnswerRun.Status.COMPLETED,
        outcome=outcome,
        results={},
        finished_at=finished_at,
        **columns,
    )


def _tell_conversation(
    run: Run, conversation: Conversation, outcome: Outcome, reply: Reply
) -> None:
    is_closed = conversation.state == Conversation.State.CLOSED
    if outcome == Outcome.HANDED_OVER and not is_closed:
        if not run.emitter.is_muted:  # the widget stops showing that an answer is being written
            run.emitter.append("answer.replaced", {"reason": "handed_over"})
        by_policy = reply.route == POLICY
        request_person(
            conversation=conversation,
            reason=reply.reason or ("policy" if by_policy else "customer_asked"),
            text=reply.text if by_policy else "",
        )
    elif run.emitter.is_muted:
        _hand_to_agents(run, reply)
    else:
        _send(run, conversation, outcome, reply)
        return
    _no_longer_awaited(run)


def _answer_directly(run: Run, outcome: Outcome, reply: Reply) -> Outcome:
    """Store the answer with the run, and give it to the program that asked."""
    text, offer_handover = text_of(reply), reply.offer_handover
    if outcome == Outcome.HANDED_OVER:  # nobody can join without a conversation
        outcome, text, offer_handover = Outcome.NO_ANSWER, NO_PERSON_HERE, False
    answer = {
        "text": text,
        "sentences": list(reply.sentences),
        "choices": [{"label": one.label, "text": one.text} for one in reply.choices],
        "offer_handover": offer_handover,
    }
    run.lease.update(reply=answer)
    run.emitter.append("answer.completed", {"outcome": outcome, **answer})
    return outcome


def _send(run: Run, conversation: Conversation, outcome: str, reply: Reply) -> None:
    details = {
        "outcome": outcome,
        "offer_handover": reply.offer_handover,
        "choices": [{"label": one.label, "text": one.text} for one in reply.choices],
    }
    sentences = list(reply.sentences)
    answer = BotAnswer(run.row.question_key, run.id, text_of(reply), sentences, details)
    show_bot_answer(locked=conversation, answer=answer)


def text_of(reply: Reply) -> str:
    """The reply as plain text, with each list item on its own line."""
    text = ""
    for sentence in reply.sentences:
        text += lead_of(sentence) + sentence["text"]
    return text.strip() or reply.text


def lead_of(sentence: dict[str, Any]) -> str:
    """What stands before a sentence (wire form) in plain text: a blank, or the mark of its item."""
    if sentence.get("form", "text") == "text":
        return " "
    return f"\n{sentence['number']}. " if sentence.get("number") else "\n- "


def _hand_to_agents(run: Run, reply: Reply) -> None:
    has_answer = reply.outcome != Outcome.NO_ANSWER
    create_draft(
        question=Message.objects.select_related("conversation").get(pk=run.row.question_key),
        run_id=run.id,
        text=text_of(reply) if has_answer else "",
        sentences=list(reply.sentences) if has_answer else [],
        passages=run.row.passages,
    )


def _no_longer_awaited(run: Run) -> None:
    Message.objects.filter(pk=run.row.question_key).update(awaits_answer=False)


@in_thread
@transaction.atomic
def fail_run(run: Run, error: AnswerError) -> None:
    """End the run with a message to the customer; a run for review gets an empty draft. The results
    of its stages are kept."""
    conversation = run.emitter.lock()
    if run.emitter.is_muted:
        _hand_to_agents(run, Reply(route=""))
    else:
        run.emitter.append(
            "error",
            {
                "code": error.code,
                "text": error.text,
                "client_id": None,
                "retryable": error.retryable,
            },
        )
    if conversation is not None:
        _no_longer_awaited(run)
    record_fired(run)
    run.lease.update(
        status=AnswerRun.Status.FAILED,
        outcome=Outcome.FAILED,
        results={},
        error_code=error.code,
        finished_at=timezone.now(),
        cost=cost_of(run),
        **run.columns(),
    )


def record_fired(run: Run) -> None:
    """A row for each rule that fired, for the guardrails page, and what was decided by it in the
    audit log."""
    for decision in run.record.fields["policy"]:
        rules = [rule["id"] for rule in decision["rules"]]
        if rules:
            audit.record(
                action="policy.decided",
                target=run.row,
                rules=rules,
                stage=decision["stage"],
                after=decision["outcome"],
                run_id=str(run.id),
            )
    FiredRule.objects.bulk_create(
        FiredRule(
            run_id=run.id,
            rule=rule["id"],
            stage=decision["stage"],
            outcome=rule["outcome"],
            severity=rule["severity"],
            text=decision["text"],
        )
        for decision in run.record.fields["policy"]
        for rule in decision["rules"]
    )


def cost_of(run: Run) -> Decimal:
    """Of all calls of models, also of those that failed and of rewrites."""
    if not run.configuration.routes:
        return Decimal(0)
    return ModelCall.objects.filter(run=run.id).aggregate(cost=Sum("cost"))["cost"] or Decimal(0)
