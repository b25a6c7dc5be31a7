"""Background jobs of learning. The rows in PostgreSQL say what is due."""

from __future__ import annotations

import structlog
from celery import shared_task

from supportbot.learning.grouping import group_new_questions

log = structlog.get_logger(__name__)


@shared_task
def group_questions() -> None:
    """Put new unanswered questions into groups; one query when there are none."""
    if done := group_new_questions():
        log.info("questions_grouped", count=done)
