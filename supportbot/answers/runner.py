"""Runs answers as asyncio tasks of the web process, and takes over those that another one left.

The table of runs is the queue. `submit` starts a run at once in this process; the keeper's look
every few seconds finds what was never started or whose process died.
"""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from supportbot.answers.deliver import fail_run
from supportbot.answers.errors import AnswerError, LeaseLostError
from supportbot.answers.models import AnswerRun
from supportbot.answers.pipeline import answer
from supportbot.answers.run import Run, in_thread, lease_end
from tickets.models import Event

log = structlog.get_logger(__name__)

Status = AnswerRun.Status
LOOK_SECONDS = 1.5
START_GRACE = timedelta(seconds=2)  # a queued run is its own process's to start for so long
DRAIN_SECONDS = 3.0


class Runner:
    """The answers that this process is writing. All methods belong to its event loop, but for
    `submit`, which may be called from any thread."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to take runs. Called once, when the web process starts."""
        self._loop = asyncio.get_running_loop()
        self._keeper = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Let running answers finish for a moment, then leave them to another process."""
        if self._keeper is not None:
            self._keeper.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=DRAIN_SECONDS)
        for task in list(self._tasks.values()):
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._loop = None

    def submit(self, run_id: UUID) -> None:
        """Start a queued run now if this is a web process; if not, a keeper finds it."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._begin, run_id)

    def _begin(self, run_id: UUID) -> None:
        if run_id in self._tasks:
            return
        task = asyncio.create_task(execute(run_id), name=f"run {run_id}")
        self._tasks[run_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(run_id, None))

    async def _keep(self) -> None:
        while True:
            try:
                for run_id in await find_abandoned():
                    self._begin(run_id)
            except Exception:
                log.exception("keeper_failed")
            await asyncio.sleep(LOOK_SECONDS)


runner = Runner()


async def execute(run_id: UUID) -> None:
    """Claim a run and answer it; does nothing when another process has it."""
    run = await claim(run_id)
    if run is None:
        return
    try:
        async with run.kept_alive():
            if run.row.attempts > settings.RUN_MAX_ATTEMPTS:
                await fail_run(run, AnswerError(code="gave_up"))
            else:
                await answer(run)
    except LeaseLostError:
        log.warning("lease_lost", run=str(run.id))
    except asyncio.CancelledError:
        await _let_go(run)
        raise
    except Exception:
        # The database failed under the run; it stays in the table, and the keeper tries again.
        log.exception("run_interrupted", run=str(run.id))


@in_thread
def find_abandoned() -> list[UUID]:
    """Runs that should be worked on and are not, oldest first."""
    now = timezone.now()
    rows = AnswerRun.objects.filter(status__in=[Status.QUEUED, Status.RUNNING]).filter(
        Q(lease_until__lt=now) | Q(lease_until=None, created_at__lt=now - START_GRACE)
    )
    return list(rows.order_by("created_at").values_list("pk", flat=True)[:20])


@in_thread
def claim(run_id: UUID) -> Run | None:
    """Take the lease by compare-and-set; tell the customer what that means to them."""
    now = timezone.now()
    with transaction.atomic():
        row = (
            AnswerRun.objects.select_for_update(skip_locked=True)
            .filter(pk=run_id, status__in=[Status.QUEUED, Status.RUNNING])
            .filter(Q(lease_until=None) | Q(lease_until__lt=now))
            .first()
        )
        if row is None:
            return None
        row.status = Status.RUNNING
        row.attempts += 1
        row.lease_token = uuid.uuid4()
        row.lease_until = lease_end()
        row.save(update_fields=["status", "attempts", "lease_token", "lease_until"])
        run = Run(row)
        if run.streams:
            _announce(run)
    return run


def _announce(run: Run) -> None:
    """run.started the first time; later, answer.replaced if half an answer stands in the widget."""
    last = (
        Event.objects.filter(conversation_id=run.conversation_id, payload__run_id=str(run.id))
        .exclude(type="run.status")
        .order_by("-seq")
        .values_list("type", flat=True)
        .first()
    )
    if last is None:
        run.append("run.started", {"message_id": str(run.row.question_id)})
    elif last == "answer.sentence":
        run.append("answer.replaced", {"reason": "restarted"})
    elif last == "answer.replaced" and _was_handed_over(run):
        run.streams = False


def _was_handed_over(run: Run) -> bool:
    return Event.objects.filter(
        conversation_id=run.conversation_id,
        type="answer.replaced",
        payload__run_id=str(run.id),
        payload__reason="handed_over",
    ).exists()


@in_thread
def _let_go(run: Run) -> None:
    AnswerRun.objects.filter(pk=run.id, lease_token=run.token, status=Status.RUNNING).update(
        lease_until=timezone.now()
    )
