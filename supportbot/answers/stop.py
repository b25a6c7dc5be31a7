"""A customer stops an answer: what was shown of it stays, marked as stopped."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from supportbot.answers.deliver import cost_of, record_fired, text_of
from supportbot.answers.models import AnswerRun
from supportbot.answers.recall import record_citations
from supportbot.answers.run import Run
from supportbot.answers.types import Reply
from tickets.models import Conversation, Event, Message
from tickets.services import audit
from tickets.services.events import append_event
from tickets.services.messages import add_bot_answer
from tickets.states import may_answer

Outcome = AnswerRun.Outcome
SENTENCE_FIELDS = ("text", "form", "number", "citations")


@transaction.atomic
def stop_answer(*, conversation: Conversation, run_id: UUID) -> bool:
    """End a run whose answer is being written; whether there was one to end. The process that
    writes it loses its lease, so that nothing more of it is shown."""
    # Everywhere the run is locked before the conversation, which prevents deadlocks.
    run = (
        AnswerRun.objects.unfinished()
        .select_for_update(of=("self",))
        .filter(pk=run_id, conversation=conversation, delivery=AnswerRun.Delivery.STREAM)
        .first()
    )
    if run is None:
        return False
    locked = Conversation.objects.select_for_update().get(pk=conversation.pk)
    if not may_answer(locked):
        return False  # the run finds that a person has the word, and goes on as a draft
    shown = _shown_of(run)
    _show_end(run, shown)
    now = timezone.now()
    record_citations(run_id=run.pk, sentences=shown, at=now)
    Message.objects.filter(pk=run.question_key).update(awaits_answer=False)
    run.status, run.outcome, run.results = AnswerRun.Status.COMPLETED, Outcome.STOPPED, {}
    run.lease_token, run.lease_until, run.finished_at = None, None, now
    run.save(
        update_fields=[
            *("status", "outcome", "results"),
            *("lease_token", "lease_until", "finished_at"),
        ]
    )
    audit.record(action="answer.stopped", target=run, by="customer", sentences=len(shown))
    return True


def _show_end(run: AnswerRun, shown: list[dict[str, Any]]) -> None:
    if not shown:
        append_event(
            conversation_id=run.conversation_key,
            type="answer.replaced",
            payload={"run_id": str(run.pk), "reason": "stopped"},
        )
        return
    add_bot_answer(
        question=Message.objects.get(pk=run.question_key),
        run_id=run.pk,
        text=text_of(Reply(route="", sentences=tuple(shown))),
        sentences=shown,
        outcome=Outcome.STOPPED,
        offer_handover=False,
        choices=[],
    )


def _shown_of(run: AnswerRun) -> list[dict[str, Any]]:
    """The sentences that stand in the widget, in their wire form."""
    shown: list[dict[str, Any]] = []
    events = Event.objects.filter(
        conversation_id=run.conversation_key,
        type__in=["answer.sentence", "answer.replaced"],
        payload__run_id=str(run.pk),
    )
    for event in events.order_by("seq"):
        if event.type == "answer.replaced":
            shown = []
        else:
            shown.append({name: event.payload[name] for name in SENTENCE_FIELDS})
    return shown


@transaction.atomic
def keep_record_of_stopped(run: Run) -> None:
    """Add to a run that was stopped what its attempt did and cost until then."""
    stopped = AnswerRun.objects.select_for_update().filter(
        pk=run.id, outcome=Outcome.STOPPED, attempts=run.row.attempts
    )
    if stopped.first() is not None:
        record_fired(run)
        stopped.update(cost=cost_of(run), **run.columns())
