"""Receivers that belong to no single service."""

from celery.signals import worker_ready

from knowledge.services.ingestion.queue import wake_workers


@worker_ready.connect
def resume_after_start(**_: object) -> None:
    """A worker that starts looks for what an earlier one left behind."""
    wake_workers()
