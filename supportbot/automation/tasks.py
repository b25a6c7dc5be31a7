"""Background jobs of automation. The rows in PostgreSQL say what is due."""

from __future__ import annotations

import structlog
from celery import shared_task

from supportbot.automation.rules import forget_old_happenings, run_waiting_rules
from supportbot.automation.similar import embed_tickets

log = structlog.get_logger(__name__)


@shared_task
def run_rules() -> None:
    """Apply rules to what has happened."""
    if done := run_waiting_rules():
        log.info("rules_run", happenings=done)


@shared_task
def fill_ticket_vectors() -> None:
    """Embed the questions of tickets that have none yet, and remove what rules are done with."""
    if done := embed_tickets():
        log.info("tickets_embedded", count=done)
    forget_old_happenings()
