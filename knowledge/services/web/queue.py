"""Handing out web sources to workers, as knowledge.services.ingestion.queue does with versions.

A run is many small steps, each with a lease of its own. What there is to do stands in PostgreSQL,
so a killed worker or an emptied Redis loses nothing and repeats at most one request.

A source that runs and has a `next_run_at` has not listed its pages yet; `last_started_at` is when
it did, and a page fetched before that is still to be fetched.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from celery import current_app
from django.db import transaction
from django.db.models import F, Min, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from kombu.exceptions import OperationalError

from knowledge.leases import Lease, LeaseLostError
from knowledge.models import WebSource

log = structlog.get_logger(__name__)

SYNC_TASK = "knowledge.tasks.sync_web_sources"
Status = WebSource.Status


def wake_sync(*, after: float = 0.0) -> None:
    """Tell a worker, after the transaction, that a source is due in so many seconds."""
    transaction.on_commit(lambda: _send_wake_up(after), robust=True)


def _send_wake_up(after: float) -> None:
    try:
        current_app.send_task(
            SYNC_TASK, queue="ingest", countdown=after, expires=after + 60, ignore_result=True
        )
    except OperationalError as error:
        # The sweep finds the source as soon as Redis is back.
        log.warning("wake_up_not_sent", error=str(error))


def _due(now: dt.datetime) -> QuerySet[WebSource]:
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    begins = Q(status=Status.IDLE, next_run_at__lte=now)
    return WebSource.objects.filter(begins | Q(status=Status.RUNNING), free, active=True)


def is_anything_due() -> bool:
    return _due(timezone.now()).exists()


def claim_due_source() -> WebSource | None:
    """Take the source that has waited longest for its next step, with a lease; None without one."""
    now = timezone.now()
    with transaction.atomic():
        source = (
            _due(now)
            .select_for_update(skip_locked=True)
            .order_by(Coalesce("lease_until", "next_run_at"), "pk")
            .first()
        )
        if source is None:
            return None
        source.status = Status.RUNNING
        source.attempts += 1  # since the last step that was finished
        Lease.begin(source)
        source.save(update_fields=["status", "attempts", "lease_token", "lease_until"])
    return source


def seconds_until_due() -> float | None:
    """When the next step of a run is due; None when no run is under way."""
    running = WebSource.objects.filter(status=Status.RUNNING, active=True)
    soonest = running.aggregate(soonest=Min("lease_until"))["soonest"]
    if soonest is None:
        return 0.0 if running.exists() else None
    wait: dt.timedelta = soonest - timezone.now()
    return max(0.0, wait.total_seconds())


@contextmanager
def holding(source: WebSource) -> Iterator[None]:
    """A transaction in which the lease is ours for certain. Raises LeaseLostError when not."""
    with transaction.atomic():
        if not Lease(source).held().select_for_update().exists():
            raise LeaseLostError
        yield


def pause(source: WebSource, seconds: float, *, finished_step: bool = True) -> None:
    """Give the source back; its next step is due in so many seconds."""
    Lease(source).give_back(seconds=seconds, attempts=0 if finished_step else F("attempts"))


def finish_run(
    source: WebSource, *, error: str = "", again_within: dt.timedelta | None = None
) -> None:
    """End the run, and set the time of the next one, sooner than usual where that is asked for.

    A run that was asked for in the meantime begins as soon as the lease is over.
    """
    now = timezone.now()
    every = dt.timedelta(hours=source.refresh_hours)
    if again_within is not None and every:
        every = min(every, again_within)
    changes: dict[str, object] = {"error": error} if error else {}
    Lease(source).held().filter(next_run_at=source.next_run_at).update(
        status=Status.IDLE,
        last_finished_at=now,
        next_run_at=now + every if every else None,
        lease_token=None,
        lease_until=None,
        attempts=0,
        **changes,
    )
