"""Celery tasks of knowledge. They carry no ids: the queue is the tables of versions and indexes."""

from __future__ import annotations

import itertools
import time

from celery import shared_task
from django.utils import timezone

from knowledge.models import DocumentVersion
from knowledge.services.indexes.building import index_work_waits, work_on_indexes
from knowledge.services.ingestion import unit_backfill
from knowledge.services.ingestion.pipeline import process_versions
from knowledge.services.ingestion.queue import claim_some, wake_workers
from knowledge.services.lifecycle import bulk, checked_publication, content_checks, freshness
from knowledge.services.web.queue import wake_sync
from knowledge.services.web.sync import sync_due_sources

SLICE_SECONDS = 20  # then the process goes back to the pool, so that other tasks get their turn
OLDEST_EVERY = 8  # of so many claims one is for what has waited longest, however large it is
INDEXES_EVERY = 5  # so often the indexes get their turn, so that steady uploads do not starve them
_claims = itertools.count(1)


@shared_task(name="knowledge.tasks.process_queue", ignore_result=True)
def process_queue() -> int:
    """Process waiting versions, publish what has been checked, and build indexes while none waits
    and now and then, until there is nothing to do or the slice is over; returns how many versions.
    """
    ends_at = time.monotonic() + SLICE_SECONDS
    processed = 0
    while True:
        turn = next(_claims)
        if turn % INDEXES_EVERY == 0:
            work_on_indexes()
        versions = claim_some(oldest_first=turn % OLDEST_EVERY == 0)
        if versions:
            process_versions(versions, ends_at=ends_at)
            processed += len(versions)
        published = checked_publication.publish_checked()
        if not versions and not published and not work_on_indexes():
            return processed
        if time.monotonic() > ends_at:
            wake_workers()
            return processed


@shared_task(name="knowledge.tasks.resume_processing", ignore_result=True)
def resume_processing() -> None:
    """Wake the workers when something waits: after a crash, an emptied Redis or a lost message."""
    versions = DocumentVersion.objects
    if (
        versions.claimable(timezone.now()).exists()
        or versions.awaiting_check().exists()
        or index_work_waits()
    ):
        wake_workers()
    if bulk.work_waits():
        bulk.wake_workers()


@shared_task(name="knowledge.tasks.work_on_bulk_jobs", ignore_result=True)
def work_on_bulk_jobs() -> None:
    """Go on with what editors want done with many documents, for a slice."""
    if bulk.work_on_jobs(seconds=SLICE_SECONDS):
        bulk.wake_workers()


@shared_task(name="knowledge.tasks.sync_web_sources", ignore_result=True)
def sync_web_sources() -> None:
    """Refresh web sources that are due, for a slice, and come back when the next step is."""
    wait = sync_due_sources(SLICE_SECONDS)
    if wait is not None:
        wake_sync(after=wait)


@shared_task(name="knowledge.tasks.check_content", ignore_result=True)
def check_content() -> int:
    """Look for passages that repeat or contradict others, while no version waits; returns how many
    versions were checked."""
    return content_checks.check_waiting(seconds=SLICE_SECONDS / 2)


@shared_task(name="knowledge.tasks.fill_units", ignore_result=True)
def fill_units() -> int:
    """Embed the units of passages that an earlier version put in without, while no version waits;
    returns of how many texts."""
    return unit_backfill.fill(seconds=SLICE_SECONDS / 2)


@shared_task(name="knowledge.tasks.check_freshness", ignore_result=True)
def check_freshness() -> bool:
    """Prove that nothing stale is served, and keep the result for the admin and the metric."""
    return freshness.record_check().ok
