"""Celery tasks of knowledge. They carry no ids: the queue is the table of versions."""

from __future__ import annotations

import time

from celery import shared_task
from django.utils import timezone

from knowledge.models import DocumentVersion
from knowledge.services.pipeline import process_version
from knowledge.services.processing import claim_next, wake_workers

SLICE_SECONDS = 20  # then the process goes back to the pool, so that other tasks get their turn


@shared_task(name="knowledge.tasks.process_queue", ignore_result=True)
def process_queue() -> int:
    """Process waiting versions until there are none or the slice is over; returns how many."""
    ends_at = time.monotonic() + SLICE_SECONDS
    processed = 0
    while (version := claim_next()) is not None:
        process_version(version)
        processed += 1
        if time.monotonic() > ends_at:
            wake_workers()
            break
    return processed


@shared_task(name="knowledge.tasks.resume_processing", ignore_result=True)
def resume_processing() -> None:
    """Wake the workers when something waits: after a crash, an emptied Redis or a lost message."""
    if DocumentVersion.objects.claimable(timezone.now()).exists():
        wake_workers()
