"""Background jobs of learning. The rows in PostgreSQL say what is due."""

from __future__ import annotations

import structlog
from celery import shared_task

from supportbot.learning.closing import close_answered
from supportbot.learning.grouping import group_new_questions
from supportbot.learning.proposing import propose

log = structlog.get_logger(__name__)


@shared_task
def group_questions() -> None:
    """Put new unanswered questions into groups; one query when there are none."""
    if done := group_new_questions():
        log.info("questions_grouped", count=done)


@shared_task
def close_answered_questions() -> None:
    """Close groups whose questions are answered since something was published."""
    if done := close_answered():
        log.info("questions_answered", count=done)


@shared_task
def propose_corrections() -> None:
    """Make proposals of what agents said in place of the bot."""
    if done := propose():
        log.info("corrections_proposed", count=done)
