"""Deliver: show checked sentences one by one, then end the run, in one transaction."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from django.db import transaction
from django.utils import timezone

from supportbot.answers.check import FRAME
from supportbot.answers.errors import AnswerError, GenerateError
from supportbot.answers.model_route import NoAnswerError
from supportbot.answers.models import AnswerRun
from supportbot.answers.recall import record_citations
from supportbot.answers.routes import Route
from supportbot.answers.run import Run, in_thread
from supportbot.answers.types import Checked, Reply, Snapshot
from tickets.models import Conversation, Message
from tickets.services.drafts import create_draft
from tickets.services.handover import request_person
from tickets.services.messages import message_to_wire

Outcome = AnswerRun.Outcome


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
                wire = sentence_to_wire(item)
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
def complete_run(run: Run, tried: Sequence[Route], reply: Reply, evidence: Snapshot) -> None:
    """Store the answer and end the run: the message, its event and the run's row, or a draft.

    `tried` are the routes in order; the last wrote the reply, and all of them cost tokens. There
    are none for what was answered without the documents.
    """
    outcome = Outcome(reply.outcome or Outcome.ANSWERED)
    _lock(run)
    if outcome == Outcome.HANDED_OVER:
        if run.streams:  # the widget shows no longer that an answer is being written
            run.append("answer.replaced", {"reason": "handed_over"})
        request_person(conversation=run.row.conversation)
    elif run.streams:
        _send(run, outcome, reply)
    else:
        _hand_to_agents(run, reply, evidence.passages)
        outcome = Outcome.HANDED_OVER
    route = tried[-1] if tried else None
    finished_at = timezone.now()
    record_citations(run_id=run.id, sentences=reply.sentences, at=finished_at)
    run.update_row(
        status=AnswerRun.Status.COMPLETED,
        outcome=outcome,
        route=reply.route,
        model=(route.usage.model or route.model) if route else "",
        prompt_name=route.prompt_name if route else "",
        prompt_hash=route.prompt_hash if route else "",
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
    message = Message.objects.create(
        conversation_id=run.conversation_id,
        author=Message.Author.BOT,
        text=text_of(reply),
        sentences=list(reply.sentences),
        run_id=run.id,
    )
    run.append(
        "answer.completed",
        {
            "outcome": outcome,
            "offer_handover": reply.offer_handover,
            "choices": [{"label": one.label, "text": one.text} for one in reply.choices],
            "message": message_to_wire(message),
        },
    )


def text_of(reply: Reply) -> str:
    """The reply as plain text, list items on lines of their own."""
    text = ""
    for sentence in reply.sentences:
        number = f"{sentence['number']}. " if sentence.get("number") else "- "
        listed = sentence.get("form", "text") != "text"
        text += f"\n{number}{sentence['text']}" if listed else f" {sentence['text']}"
    return text.strip() or reply.text


def _hand_to_agents(run: Run, reply: Reply, passages: list[dict[str, Any]]) -> None:
    question = Message.objects.select_related("conversation").get(pk=run.row.question_id)
    create_draft(
        question=question,
        run_id=run.id,
        text="" if reply.outcome == Outcome.NO_ANSWER else text_of(reply),
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
