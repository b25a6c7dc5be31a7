"""Background jobs of conversations. The rows in PostgreSQL say what is due."""

from __future__ import annotations

import structlog
from celery import shared_task

from tickets.services.conversations import close_idle_conversations

log = structlog.get_logger(__name__)


@shared_task
def close_idle() -> None:
    """End conversations in which nobody has written for long."""
    if closed := close_idle_conversations():
        log.info("conversations_closed", count=closed)
