"""Handing out and recording the processing of versions. The queue is the table itself.

A Celery message only wakes a worker; what there is to do stands in PostgreSQL. So an emptied Redis,
a killed worker or a message delivered twice loses nothing and repeats nothing.
"""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from celery import current_app
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from knowledge.models import DocumentVersion
from knowledge.services import history

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 3
WAKE_TASK = "knowledge.tasks.process_queue"


class LeaseLostError(Exception):
    """Another worker has taken the version over; this one must stop without a trace."""


def wake_workers() -> None:
    """Tell the workers, once the transaction has committed, that there is something to process."""
    transaction.on_commit(_send_wake_up, robust=True)


def _send_wake_up() -> None:
    try:
        current_app.send_task(WAKE_TASK, queue="ingest", expires=60, ignore_result=True)
    except OperationalError as error:
        # The sweep finds the version as soon as Redis is back.
        log.warning("wake_up_not_sent", error=str(error))


def claim_next() -> DocumentVersion | None:
    """Take the version that should be processed next, with a lease; None when there is none.

    Small files go first, so that a manual of 2,000 pages does not hold up a one-page fix.
    """
    now = timezone.now()
    with transaction.atomic():
        version = (
            DocumentVersion.objects.claimable(now)
            .select_for_update(skip_locked=True)
            .order_by("size", "pk")
            .first()
        )
        if version is None:
            return None
        version.attempts += 1
        version.lease_token = uuid.uuid4()
        version.lease_until = _lease_end(now)
        fields = ["attempts", "lease_token", "lease_until"]
        if version.attempts > MAX_ATTEMPTS:
            version.status = DocumentVersion.Status.FAILED
            version.error = (
                "Reading this file broke off three times, so it was given up. "
                "Split the file or save it in another format and upload it again."
            )
            fields += ["status", "error"]
            history.record(
                action="failed", document=version.document, version=version, error=version.error
            )
        version.save(update_fields=fields)
    return version


def record_step(version: DocumentVersion, **changes: object) -> None:
    """Save a step's result and prolong the lease. Raises LeaseLostError when it is not ours now."""
    changes["lease_until"] = _lease_end(timezone.now())
    changed = DocumentVersion.objects.filter(pk=version.pk, lease_token=version.lease_token).update(
        **changes
    )
    if not changed:
        raise LeaseLostError
    for name, value in changes.items():
        setattr(version, name, value)


@contextmanager
def kept_alive(version: DocumentVersion) -> Iterator[None]:
    """Prolong the lease from a thread of its own while a step runs, however long it takes.

    A large file takes minutes to read and split, without a moment to say so in between.
    """
    ended = threading.Event()

    def prolong() -> None:
        while not ended.wait(settings.PROCESSING_LEASE_SECONDS / 3):
            try:
                DocumentVersion.objects.filter(
                    pk=version.pk, lease_token=version.lease_token
                ).update(lease_until=_lease_end(timezone.now()))
            except DatabaseError:
                log.warning("lease_not_prolonged", version=version.pk)
            finally:
                connection.close()

    keeper = threading.Thread(target=prolong, daemon=True, name=f"lease of version {version.pk}")
    keeper.start()
    try:
        yield
    finally:
        ended.set()
        keeper.join()


def record_failure(version: DocumentVersion, text: str) -> None:
    """End the processing with a sentence for an editor."""
    with transaction.atomic():
        changed = DocumentVersion.objects.filter(
            pk=version.pk, lease_token=version.lease_token
        ).update(
            status=DocumentVersion.Status.FAILED, error=text, lease_until=None, lease_token=None
        )
        if changed:
            history.record(action="failed", document=version.document, version=version, error=text)


def release(version: DocumentVersion) -> None:
    """Give the version back at once, after an error that a later attempt may not meet."""
    retry_at = timezone.now() + dt.timedelta(seconds=2**version.attempts)
    DocumentVersion.objects.filter(pk=version.pk, lease_token=version.lease_token).update(
        lease_until=retry_at
    )


def _lease_end(now: dt.datetime) -> dt.datetime:
    return now + dt.timedelta(seconds=settings.PROCESSING_LEASE_SECONDS)
