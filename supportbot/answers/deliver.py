"""Deliver: show checked sentences one by one, then end the run, in one transaction."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from django.db import transaction
from django.utils import timezone

from supportbot.answers.errors import AnswerError, GenerateError
from supportbot.answers.model_route import NoAnswerError
from supportbot.answers.models import AnswerRun
from supportbot.answers.recall import record_citations
from supportbot.answers.routes import Route
from supportbot.answers.run import Run, in_thread
from supportbot.answers.types import Checked, Reply, Snapshot
from tickets.models import Conversation, Message
from tickets.services.drafts import create_draft
from tickets.services.messages import message_to_wire

Outcome = AnswerRun.Outcome

NO_ANSWER_TEXT = (
    "I could not find an answer to that in our documents. Would you like to talk to a person?"
)


async def deliver_sentences(run: Run, route: Route, checked: AsyncGenerator[Checked]) -> Reply:
    """Emit what passed. A route that fails, or of which nothing passed, leaves an incomplete reply,
    and what the customer saw of it is taken back."""
    sentences: list[dict[str, Any]] = []
    try:
        # Closed here, however it ends, and with it the model's connection at the other end.
        async with aclosing(checked):
            async for item in checked:
                run.note_verdict(text=item.sentence.text, kept=item.kept, reason=item.reason)
                if not item.kept:
                    continue
                wire = {"text": item.sentence.text, "citations": list(item.citations)}
                await run.emit("answer.sentence", index=len(sentences), **wire)
                run.note_first_sentence()
                sentences.append(wire)
    except GenerateError as error:
        run.note_fallback(route=route.name, code=error.code, detail=str(error))
        if sentences:
            await run.emit("answer.replaced", reason="model_failed")
        return Reply(route=route.name)
    except NoAnswerError:
        if sentences:
            await run.emit("answer.replaced", reason="model_failed")
        return Reply(route=route.name, complete=True)
    if not sentences and route.model:
        run.note_fallback(route=route.name, code="nothing_kept", detail="no sentence passed")
    return Reply(route=route.name, sentences=tuple(sentences), complete=bool(sentences))


@in_thread
@transaction.atomic
def complete_run(run: Run, tried: Sequence[Route], reply: Reply, evidence: Snapshot) -> None:
    """Store the answer and end the run: the message, its event and the run's row, or a draft.

    `tried` are the routes in order; the last wrote the reply, and all of them cost tokens.
    """
    route = tried[-1]
    outcome = Outcome.ANSWERED if reply.sentences else Outcome.NO_ANSWER
    _lock(run)
    if run.streams:
        _send(run, outcome, reply)
    else:
        _hand_to_agents(run, reply, evidence.passages)
        outcome = Outcome.HANDED_OVER
    finished_at = timezone.now()
    record_citations(run_id=run.id, sentences=reply.sentences, at=finished_at)
    run.update_row(
        status=AnswerRun.Status.COMPLETED,
        outcome=outcome,
        route=reply.route,
        model=route.usage.model or route.model,
        prompt_name=route.prompt_name,
        prompt_hash=route.prompt_hash,
        tokens_in=sum(each.usage.tokens_in for each in tried),
        tokens_out=sum(each.usage.tokens_out for each in tried),
        passages=evidence.passages,
        retrieval=evidence.retrieval,
        finished_at=finished_at,
        **run.record(),
    )


def _lock(run: Run) -> None:
    """Run before conversation, as everywhere: two transactions can never wait for each other."""
    run.update_row()
    conversation = Conversation.objects.select_for_update().get(pk=run.conversation_id)
    # A person may have taken over while the answer was being written: then it is a draft for them.
    run.mute_unless_bot_speaks(conversation.state)


def _send(run: Run, outcome: str, reply: Reply) -> None:
    text = " ".join(sentence["text"] for sentence in reply.sentences) or NO_ANSWER_TEXT
    message = Message.objects.create(
        conversation_id=run.conversation_id,
        author=Message.Author.BOT,
        text=text,
        sentences=list(reply.sentences),
        run_id=run.id,
    )
    run.append(
        "answer.completed",
        {
            "outcome": outcome,
            "offer_handover": outcome == Outcome.NO_ANSWER,
            "message": message_to_wire(message),
        },
    )


def _hand_to_agents(run: Run, reply: Reply, passages: list[dict[str, Any]]) -> None:
    question = Message.objects.select_related("conversation").get(pk=run.row.question_id)
    create_draft(
        question=question,
        run_id=run.id,
        text=" ".join(sentence["text"] for sentence in reply.sentences),
        sentences=list(reply.sentences),
        passages=passages,
    )


@in_thread
@transaction.atomic
def fail_run(run: Run, error: AnswerError) -> None:
    """End the run with words for the customer; one written for review becomes an empty draft."""
    _lock(run)
    if run.streams:
        run.append(
            "error",
            {
                "code": error.code,
                "text": error.text,
                "client_id": None,
                "retryable": error.retryable,
            },
        )
    else:
        _hand_to_agents(run, Reply(route=""), [])
    run.update_row(
        status=AnswerRun.Status.FAILED,
        outcome=Outcome.FAILED,
        error_code=error.code,
        finished_at=timezone.now(),
        **run.record(),
    )
