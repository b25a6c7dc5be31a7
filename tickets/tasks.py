"""Background jobs of conversations. The rows in PostgreSQL say what is due."""

from __future__ import annotations

import structlog
from celery import shared_task

from tickets.services import handover
from tickets.services.conversations import close_idle_conversations
from tickets.services.due import run_due_timers
from tickets.services.sla_watch import refresh_open_tickets, watch_clocks

log = structlog.get_logger(__name__)


@shared_task
def close_idle() -> None:
    """End conversations in which nobody has written for long."""
    if closed := close_idle_conversations():
        log.info("conversations_closed", count=closed)


@shared_task
def watch_sla() -> None:
    """Warn of service levels at risk and note those that are missed."""
    if told := watch_clocks():
        log.info("sla_told", count=told)


@shared_task
def refresh_sla() -> None:
    """Set every clock right after a policy or a calendar has changed."""
    log.info("sla_refreshed", tickets=refresh_open_tickets())


@shared_task
def end_leases() -> None:
    """Put conversations back into the queue whose agent lets the customer wait for too long."""
    if ended := handover.end_leases():
        log.info("leases_ended", count=ended)


@shared_task
def run_timers() -> None:
    """Remind, solve, close and wake what is due."""
    if done := run_due_timers():
        log.info("timers_went_off", count=done)
