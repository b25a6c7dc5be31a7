"""Runs answers as asyncio tasks of the web process, and takes over runs that another process left.

The table of runs is the queue. `submit` starts a run at once in this process. Every few seconds the
keeper looks for runs that were never started or whose process died.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import Error as DatabaseFailure
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from knowledge.leases import LeaseLostError
from knowledge.models import Audience
from supportbot.answers.errors import AnswerError
from supportbot.answers.models import AnswerRun
from supportbot.answers.pipeline import answer, fail
from supportbot.answers.receive import Accepted, IncomingMessage, accept_message, start
from supportbot.answers.results import unpacked
from supportbot.answers.run import Run
from supportbot.answers.stop import keep_record_of_stopped
from supportbot.answers.threads import in_thread
from supportbot.answers.types import Stage
from supportbot.configuration.current import configuration, current
from supportbot.retrieval import scope
from tickets.models import Conversation, Event, Message

log = structlog.get_logger(__name__)

Status = AnswerRun.Status
LOOK_SECONDS = 1.5
START_GRACE = timedelta(seconds=2)  # so long, only the process that queued a run starts it
DRAIN_SECONDS = 3.0
_WAITS = """
SELECT 1 FROM answers_answerrun answered JOIN answers_answerrun r USING (conversation_id)
WHERE answered.id = %(run)s AND r.status = 'queued' LIMIT 1
"""


class Runner:
    """The answers that this process is writing. Call all methods from its event loop, except
    `submit`, which may be called from any thread."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self._halting: set[asyncio.Task[None]] = set()
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start to take runs. Called once, when the web process starts."""
        self._loop = asyncio.get_running_loop()
        self._keeper = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Give running answers a moment to finish, then leave them to another process."""
        if self._keeper is not None:
            self._keeper.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=DRAIN_SECONDS)
        for task in list(self._tasks.values()):
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._loop = None

    async def accept(
        self, *, conversation: Conversation, incoming: IncomingMessage, reader: Audience
    ) -> None:
        """Store a customer's message and start to answer it: see accept_message."""
        accept = in_thread(_accept)
        accepted, run = await accept(conversation, incoming, reader, self._loop is not None)
        if run is None:
            self.begin(accepted)
        elif self._loop is None:  # the process ends
            await in_thread(run.lease.release)()
        else:
            self._add(run.id, self._carry_on(run))

    def begin(self, accepted: Accepted) -> None:
        """Start to answer a message as soon as it is committed."""
        if accepted.run is not None and accepted.run.status == Status.QUEUED:
            self.submit(accepted.run.pk, again=accepted.restarted)

    def submit(self, run_id: UUID, *, again: bool = False) -> None:
        """Start a queued run now if this is a web process; otherwise a keeper finds it. `again`:
        the run had started, so this process first ends its earlier attempt."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._begin, run_id, again)

    def halt(self, run_id: UUID) -> None:
        """End the work on a run that was stopped, and answer the next question. In another process
        its keeper finds it."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._halt, run_id)

    def _halt(self, run_id: UUID) -> None:
        halting = asyncio.create_task(self._end_and_follow(run_id))
        self._halting.add(halting)
        halting.add_done_callback(self._halting.discard)

    async def _end_and_follow(self, run_id: UUID) -> None:
        if (running := self._tasks.get(run_id)) is not None:
            running.cancel()
            await asyncio.wait([running])
        await self._follow(run_id)

    async def _follow(self, run_id: UUID) -> None:
        if (following := await find_next(run_id)) is not None:
            self._begin(following)

    def _begin(self, run_id: UUID, again: bool = False) -> None:
        if (running := self._tasks.get(run_id)) is not None:
            if again:
                running.add_done_callback(lambda _: self._begin(run_id))
                running.cancel()
            return
        self._add(run_id, self._work(run_id))

    def _add(self, run_id: UUID, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name=f"run {run_id}")
        self._tasks[run_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(run_id, None))

    async def _work(self, run_id: UUID) -> None:
        """Answer a question, then the next one of its conversation."""
        await execute(run_id)
        await self._follow(run_id)

    async def _carry_on(self, run: Run) -> None:
        """The same for a run that has started already."""
        await carry_out(run)
        await self._follow(run.id)

    async def _keep(self) -> None:
        while True:
            try:
                for run_id in await find_abandoned():
                    self._begin(run_id)
                for run_id in await find_stopped(list(self._tasks)):
                    self._halt(run_id)
                await end_orphans()
            except Exception:
                log.exception("keeper_failed")
            await asyncio.sleep(LOOK_SECONDS)


runner = Runner()


async def execute(run_id: UUID) -> None:
    """Claim a run and answer it. Does nothing if another process has it, or if an earlier question
    of its conversation is not answered yet."""
    run = await claim(run_id)
    if run is not None:
        await carry_out(run)


async def carry_out(run: Run) -> None:
    """Answer a run whose lease this process holds."""
    try:
        async with run.lease.kept_alive():
            if await _has_failed_too_often(run):
                await fail(run, AnswerError(code="gave_up"))
            else:
                await answer(run)
    except LeaseLostError:
        log.warning("lease_lost", run=str(run.id))
        await in_thread(keep_record_of_stopped)(run)
    except asyncio.CancelledError:
        await run.settled()
        await in_thread(_let_go)(run)
        await in_thread(keep_record_of_stopped)(run)
        raise
    except Exception:
        # The database failed. The run stays in the table, and the keeper tries again.
        log.exception("run_interrupted", run=str(run.id))
        await _keep_record(run)


def _let_go(run: Run) -> None:
    """Leave the run to another process, with what was found until now."""
    with suppress(LeaseLostError):
        run.store()
    run.lease.release()


async def _keep_record(run: Run) -> None:
    """Store what this attempt did, if the database is back."""
    await run.settled()
    try:
        await in_thread(run.store)()
    except (DatabaseFailure, LeaseLostError):
        log.warning("attempt_not_recorded", run=str(run.id))


async def _has_failed_too_often(run: Run) -> bool:
    if run.row.attempts <= settings.RUN_MAX_ATTEMPTS:
        return False
    # An attempt that ended because the customer added a message has not failed.
    joined = Message.objects.filter(joined_to=run.row.question_id)
    return run.row.attempts - await in_thread(joined.count)() > settings.RUN_MAX_ATTEMPTS


@in_thread
def find_abandoned() -> list[UUID]:
    """Unfinished runs that no process works on, oldest first."""
    now = timezone.now()
    rows = AnswerRun.objects.next_in_turn().filter(
        Q(lease_until__lt=now) | Q(lease_until=None, created_at__lt=now - START_GRACE)
    )
    return list(rows.order_by("created_at").values_list("pk", flat=True)[:20])


@in_thread
def find_stopped(run_ids: list[UUID]) -> list[UUID]:
    """Those of the runs that their customers have stopped."""
    stopped = AnswerRun.objects.filter(pk__in=run_ids, outcome=AnswerRun.Outcome.STOPPED)
    return list(stopped.values_list("pk", flat=True)) if run_ids else []


@in_thread
def end_orphans() -> None:
    """End runs without a conversation whose process died: nobody waits for their answer."""
    now = timezone.now()
    AnswerRun.objects.orphaned(now).update(
        status=Status.FAILED,
        outcome=AnswerRun.Outcome.FAILED,
        error_code="process_died",
        results={},
        finished_at=now,
    )


@in_thread
def find_next(run_id: UUID) -> UUID | None:
    """The run that may start in the conversation of `run_id`, if no process has started it."""
    if not scope.execute(_WAITS, {"run": run_id}):  # after most answers nothing waits
        return None
    of_conversation = AnswerRun.objects.filter(pk=run_id).values("conversation")
    waiting = AnswerRun.objects.next_in_turn().filter(
        conversation__in=of_conversation, status=Status.QUEUED, lease_until=None
    )
    return waiting.values_list("pk", flat=True).first()


def _accept(
    conversation: Conversation, incoming: IncomingMessage, reader: Audience, starts: bool
) -> tuple[Accepted, Run | None]:
    """The run is one that has started."""
    decides = current() if starts else None
    accepted = accept_message(
        conversation=conversation, incoming=incoming, reader=reader, decides=decides
    )
    if decides is None or accepted.run is None or not accepted.started:
        return accepted, None
    return accepted, Run(accepted.run, decides.content, asked=accepted.message)


@in_thread
def claim(run_id: UUID) -> Run | None:
    """Take the lease by compare-and-set, and announce the start of the run to the customer."""
    now, decides = timezone.now(), current()
    with transaction.atomic():
        row = (
            AnswerRun.objects.next_in_turn()
            .select_for_update(skip_locked=True, of=("self",))
            .select_related("conversation__customer")
            .filter(pk=run_id)
            .filter(Q(lease_until=None) | Q(lease_until__lt=now))
            .first()
        )
        if row is None:
            return None
        start(row, decides)
        row.save(
            update_fields=[
                *("status", "attempts", "lease_token", "lease_until"),
                *("started_at", "delivery", "configuration", "configuration_hash"),
            ]
        )
        run = Run(row, configuration(row.configuration_id or decides.id).content)
        if not run.emitter.is_muted:
            _announce(run)
    return run


def _announce(run: Run) -> None:
    """Send run.started the first time; later, answer.replaced if the widget shows half an
    answer."""
    if unpacked(Stage.DELIVER, run.row.results) is not None:
        return  # the whole answer is shown, and only its end is missing
    last = run.row.attempts > 1 and (
        Event.objects.filter(conversation_id=run.row.conversation_key, payload__run_id=str(run.id))
        .exclude(type="run.status")
        .order_by("-seq")
        .values_list("type", flat=True)
        .first()
    )
    if not last:
        run.emitter.append("run.started", {"message_id": str(run.row.question_id)})
    elif last == "answer.sentence":
        run.emitter.append("answer.replaced", {"reason": "restarted"})
