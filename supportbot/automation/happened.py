"""Notes what happens to tickets, where a rule waits for it, and wakes a worker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from supportbot.automation.models import Rule, TicketHappening
from tickets.models import Ticket
from tickets.services.happenings import Happening

log = structlog.get_logger(__name__)

RUN_TASK = "supportbot.automation.tasks.run_rules"
_root: ContextVar[int | None] = ContextVar("root", default=None)


def note_happening(happening: Happening, ticket: Ticket) -> None:
    """Store it in the transaction of the change; without a rule for it nothing is stored."""
    if not Rule.objects.filter(is_active=True, when=happening.value).exists():
        return
    TicketHappening.objects.create(ticket=ticket, when=happening.value, root_id=_root.get())
    transaction.on_commit(_wake, robust=True)


@contextmanager
def caused_by(root: TicketHappening) -> Iterator[None]:
    """What happens within belongs to the chain that `root` began."""
    before = _root.set(root.pk)
    try:
        yield
    finally:
        _root.reset(before)


def _wake() -> None:
    try:
        current_app.send_task(RUN_TASK, expires=60, ignore_result=True)
    except (OperationalError, RedisError, OSError) as error:
        log.warning("rules_not_woken", error=str(error))  # the next round finds it
