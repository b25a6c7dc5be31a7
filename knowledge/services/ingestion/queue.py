"""Handing out and recording the processing of versions. The queue is the table itself.

A Celery message only wakes a worker; what there is to do stands in PostgreSQL. So an emptied Redis,
a killed worker or a message delivered twice loses nothing and repeats nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import structlog
from celery import current_app
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from kombu.exceptions import OperationalError

from knowledge.leases import Lease
from knowledge.models import DocumentVersion
from knowledge.services.lifecycle import history

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 3  # in a row without a step done
WAKE_TASK = "knowledge.tasks.process_queue"
# Small versions are claimed together, so that their passages are embedded together: about two
# seconds' work, for which a smaller one may have to wait.
TOGETHER = 32
TOGETHER_BYTES = 64 * 1024
UNAVAILABLE_SECONDS = 20  # until a version whose embedding model did not answer is tried again


def wake_workers() -> None:
    """Tell the workers, once the transaction has committed, that there is something to process."""
    transaction.on_commit(_wake_up, robust=True)


class _Bundle(threading.local):
    """The wake-ups of a thread that puts in many documents; see `bundled_wake_ups`."""

    is_open = False
    is_owed = False
    sent_at = 0.0


_bundle = _Bundle()


@contextmanager
def bundled_wake_ups() -> Iterator[None]:
    """Within the block, this thread sends no more than one wake-up a second, and the last at the
    end: a message for each of ten thousand documents takes time from the workers."""
    _bundle.is_open, _bundle.is_owed, _bundle.sent_at = True, False, 0.0
    try:
        yield
    finally:
        _bundle.is_open = False
        if _bundle.is_owed:
            _send_wake_up()


def _wake_up() -> None:
    _bundle.is_owed = _bundle.is_open and time.monotonic() - _bundle.sent_at < 1
    if not _bundle.is_owed:
        _bundle.sent_at = time.monotonic()
        _send_wake_up()


def _send_wake_up() -> None:
    try:
        current_app.send_task(WAKE_TASK, queue="ingest", expires=60, ignore_result=True)
    except OperationalError as error:
        # The sweep finds the version as soon as Redis is back.
        log.warning("wake_up_not_sent", error=str(error))


def claim_next() -> DocumentVersion | None:
    """Take the version that should be processed next, with a lease; None when there is none."""
    return next(iter(claim_some(together=1)), None)


def claim_some(
    *, together: int = TOGETHER, oldest_first: bool = False
) -> Sequence[DocumentVersion]:
    """Take what should be processed next, under one lease; empty when there is nothing.

    Small files go first, so that a manual of 2,000 pages does not hold up a one-page fix; with
    `oldest_first` the one that has waited longest goes, so that it is not held up for ever. What an
    earlier worker broke off at is taken alone: it may be what broke that worker.
    """
    while True:
        with transaction.atomic():
            found = list(
                DocumentVersion.objects.claimable(timezone.now())
                .select_related("document")
                .defer("markdown", "page_starts")
                .select_for_update(of=("self",), skip_locked=True)
                .order_by(*(("pk",) if oldest_first else ("size", "pk")))[:together]
            )
            hopeless = [version for version in found if version.attempts >= MAX_ATTEMPTS]
            for version in hopeless:
                _give_up(version)
            mine = _that_go_together([version for version in found if version not in hopeless])
            _lease(mine)
        if mine or not hopeless:
            return mine


def _that_go_together(found: Sequence[DocumentVersion]) -> Sequence[DocumentVersion]:
    if not found or found[0].attempts or found[0].size > TOGETHER_BYTES:
        return found[:1]
    mine: dict[int, DocumentVersion] = {}  # no two of a document: one may end the other's days
    size = 0
    for version in found:
        size += version.size
        if version.attempts == 0 and size <= TOGETHER_BYTES:
            mine.setdefault(version.document_id, version)
    return list(mine.values())


def _lease(versions: Sequence[DocumentVersion]) -> None:
    if not versions:
        return
    lease = Lease.begin(*versions)
    for version in versions:
        version.attempts += 1
    DocumentVersion.objects.filter(pk__in=[version.pk for version in versions]).update(
        attempts=F("attempts") + 1,
        lease_token=lease.token,
        lease_until=versions[0].lease_until,
    )


def _give_up(version: DocumentVersion) -> None:
    version.status = DocumentVersion.Status.FAILED
    version.error = (
        "Reading this file broke off three times, so it was given up. "
        "Split the file or save it in another format and upload it again."
    )
    version.lease_until = version.lease_token = None
    version.save(update_fields=["status", "error", "lease_until", "lease_token"])
    history.record(action="failed", document=version.document, version=version, error=version.error)


def record_step(version: DocumentVersion, **changes: object) -> None:
    """Save what a step has done and prolong the lease. Raises LeaseLostError when that is lost."""
    if "status" in changes:
        changes["step_started_at"] = timezone.now()
    Lease(version).update(**changes, attempts=1)


def record_pages(version: DocumentVersion, read: int, total: int) -> None:
    """So many scanned pages are read, for whoever waits. It is no step: after a stop they are read
    again. Raises LeaseLostError."""
    Lease(version).update(pages_read=read, pages_to_read=total)


def record_failure(version: DocumentVersion, text: str) -> None:
    """End the processing with a sentence for an editor."""
    with transaction.atomic():
        if Lease(version).give_back(status=DocumentVersion.Status.FAILED, error=text):
            history.record(action="failed", document=version.document, version=version, error=text)


def release(version: DocumentVersion) -> None:
    """Give the version back for a little later, after an error that may not be met again."""
    Lease(version).give_back(seconds=2**version.attempts)


def postpone(version: DocumentVersion, reason: str) -> None:
    """Give the version back for later, because of something that is no fault of its own."""
    Lease(version).give_back(seconds=UNAVAILABLE_SECONDS, attempts=0, error=reason)


def step_aside(version: DocumentVersion) -> None:
    """Give the version back, as far as it is, for as long as smaller ones wait."""
    Lease(version).give_back(seconds=0, attempts=0)


def a_smaller_one_waits(version: DocumentVersion) -> bool:
    """Whether `claim_some` would rather give out another one."""
    return DocumentVersion.objects.claimable(timezone.now()).filter(size__lt=version.size).exists()
