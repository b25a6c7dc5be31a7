"""The background job of webhooks. The outbox in PostgreSQL says what is due."""

from __future__ import annotations

import structlog
from celery import shared_task

from supportbot.webhooks.sending import send_due

log = structlog.get_logger(__name__)


@shared_task
def send_webhooks() -> None:
    """Deliver what is due."""
    if taken := send_due():
        log.info("webhooks_delivered", count=taken)
