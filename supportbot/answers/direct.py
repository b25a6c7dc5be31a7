"""Questions of programs: a run without a conversation, answered by the process that was asked.

Nobody else takes such a run over. It ends with its reader: who stops reading cancels it.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import structlog
from django.contrib.auth.models import User
from django.utils import timezone

from knowledge.leases import LeaseLostError
from knowledge.models import Audience
from supportbot.answers.emitter import EventQueue
from supportbot.answers.errors import AnswerError
from supportbot.answers.lease import Lease
from supportbot.answers.models import AnswerRun
from supportbot.answers.pipeline import answer
from supportbot.answers.run import Run
from supportbot.answers.threads import in_thread
from supportbot.configuration.content import Configuration
from supportbot.configuration.current import current
from supportbot.retrieval.query import Turn
from tickets.models import Customer, Message

log = structlog.get_logger(__name__)

Status, Delivery = AnswerRun.Status, AnswerRun.Delivery
LEFT, INTERRUPTED = "asker_left", "interrupted"  # error codes


@dataclass(frozen=True)
class DirectQuestion:
    """A checked question, what was said before, and who asks: a customer, or staff.

    `only_compared`: nobody gets the answer; it is written without the cache, to compare it.
    `configuration` decides instead of the one in effect, and is not stored as a version. `message`
    asks the question in a conversation, whose history and memory count and which is told nothing.
    """

    text: str
    history: Sequence[Turn] = ()
    reader: Audience = Audience.PUBLIC
    customer: Customer | None = None
    asked_by: User | None = None
    only_compared: bool = False
    configuration: Configuration | None = None
    message: Message | None = None


class DirectRun:
    """A run in progress, for the one who asked."""

    def __init__(self, row: AnswerRun, events: EventQueue) -> None:
        self.row = row
        self._events = events

    async def events(self) -> AsyncGenerator[dict[str, Any]]:
        """Its events as they come; the last one is "answer.completed" or "error"."""
        last = ""
        while (event := await self._events.get()) is not None:
            last = event["type"]
            yield event
        if last not in {"answer.completed", "error"}:
            error = AnswerError(code=INTERRUPTED)
            yield {
                "type": "error",
                "run_id": str(self.row.pk),
                "code": error.code,
                "text": error.text,
                "retryable": True,
            }


@asynccontextmanager
async def direct_run(question: DirectQuestion) -> AsyncGenerator[DirectRun]:
    """Start to answer a question. Leaving the block ends the run, whether it is finished or not."""
    row, content = await _begin(question)
    events: EventQueue = asyncio.Queue()
    task = asyncio.create_task(_work(Run(row, content, events)), name=f"run {row.pk}")
    task.add_done_callback(lambda _: events.put_nowait(None))
    try:
        yield DirectRun(row, events)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _work(run: Run) -> None:
    try:
        async with run.lease.kept_alive():
            await answer(run)
    except LeaseLostError:
        log.warning("lease_lost", run=str(run.id))
    except asyncio.CancelledError:
        log.info("asker_left", run=str(run.id))
        await _end(run, LEFT)
        raise
    except Exception:
        log.exception("run_interrupted", run=str(run.id))
        await _end(run, INTERRUPTED)


@in_thread
def _begin(question: DirectQuestion) -> tuple[AnswerRun, Configuration]:
    id_, content = None, question.configuration
    if content is None:
        in_effect = current()
        id_, content = in_effect.id, in_effect.content
    row = AnswerRun(
        configuration_id=id_,
        configuration_hash=content.sha256,
        status=Status.RUNNING,
        delivery=Delivery.COMPARED if question.only_compared else Delivery.STREAM,
        attempts=1,
        started_at=timezone.now(),
        question_text=question.text,
        history=[dataclasses.asdict(turn) for turn in question.history],
        reader=question.reader,
        conversation=question.message.conversation if question.message else None,
        question=question.message,
        customer=question.customer,
        asked_by=question.asked_by,
    )
    Lease.begin(row)
    row.save(force_insert=True)
    return row, content


@in_thread
def _end(run: Run, code: str) -> None:
    """Record that the run ended without an answer."""
    with suppress(LeaseLostError):
        run.lease.update(
            status=Status.FAILED,
            outcome=AnswerRun.Outcome.FAILED,
            error_code=code,
            results={},
            finished_at=timezone.now(),
            **run.columns(),
        )
