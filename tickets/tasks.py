"""Background jobs of conversations. The rows in PostgreSQL say what is due."""

from __future__ import annotations

import structlog
from celery import shared_task

from tickets.services import handover
from tickets.services.conversations import close_idle_conversations

log = structlog.get_logger(__name__)


@shared_task
def close_idle() -> None:
    """End conversations in which nobody has written for long."""
    if closed := close_idle_conversations():
        log.info("conversations_closed", count=closed)


@shared_task
def end_leases() -> None:
    """Put conversations back into the queue whose agent lets the customer wait for too long."""
    if ended := handover.end_leases():
        log.info("leases_ended", count=ended)
