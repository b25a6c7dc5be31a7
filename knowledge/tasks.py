"""Celery tasks of knowledge. They carry no ids: the queue is the tables of versions and indexes."""

from __future__ import annotations

import itertools
import time

from celery import shared_task
from django.utils import timezone

from knowledge.models import DocumentVersion
from knowledge.services.index_building import index_work_waits, work_on_indexes
from knowledge.services.pipeline import process_versions
from knowledge.services.processing import claim_some, wake_workers

SLICE_SECONDS = 20  # then the process goes back to the pool, so that other tasks get their turn
OLDEST_EVERY = 8  # of so many claims one is for what has waited longest, however large it is
_claims = itertools.count(1)


@shared_task(name="knowledge.tasks.process_queue", ignore_result=True)
def process_queue() -> int:
    """Process waiting versions, and build indexes while none waits, until there is nothing to do or
    the slice is over; returns how many versions."""
    ends_at = time.monotonic() + SLICE_SECONDS
    processed = 0
    while True:
        versions = claim_some(oldest_first=next(_claims) % OLDEST_EVERY == 0)
        if versions:
            process_versions(versions, ends_at=ends_at)
            processed += len(versions)
        elif not work_on_indexes():
            return processed
        if time.monotonic() > ends_at:
            wake_workers()
            return processed


@shared_task(name="knowledge.tasks.resume_processing", ignore_result=True)
def resume_processing() -> None:
    """Wake the workers when something waits: after a crash, an emptied Redis or a lost message."""
    if DocumentVersion.objects.claimable(timezone.now()).exists() or index_work_waits():
        wake_workers()
