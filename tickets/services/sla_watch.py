"""Warnings before a service level is missed, and the note when it is; run every few seconds."""

from __future__ import annotations

from collections.abc import Iterator

import structlog
from celery import current_app
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from tickets.models import Conversation, SlaClock, Ticket
from tickets.services import audit, sla
from tickets.services.happenings import Happening, tell
from tickets.services.notices import Kind, tell_agents
from tickets.services.readers import may_see
from tickets.states import DONE

log = structlog.get_logger(__name__)

REFRESH_TASK = "tickets.tasks.refresh_sla"
AT_ONCE = 500  # clocks, or tickets, of one round
RUNNING = Q(ended_at=None, runs_since__isnull=False)


def watch_clocks() -> int:
    """Warn of what is nearly due and note what is missed, each once; returns how many."""
    now = timezone.now()
    to_warn = Q(warned_at=None, breached_at=None, warn_at__lte=now)
    missed = Q(breached_at=None, due_at__lte=now)
    due = SlaClock.objects.filter(RUNNING, to_warn | missed).order_by("due_at")
    return sum(_tell(clock) for clock in due.select_related("ticket")[:AT_ONCE])


@transaction.atomic
def _tell(found: SlaClock) -> bool:
    """Look again under the conversation's lock: a reply may have come first."""
    conversations = Conversation.objects.select_for_update(skip_locked=True)
    if conversations.filter(pk=found.ticket.conversation_id).first() is None:
        return False  # somebody works on it; the next round looks again
    now = timezone.now()
    clock = SlaClock.objects.filter(RUNNING, pk=found.pk).select_related("ticket__team").first()
    if clock is None or clock.due_at is None or clock.warn_at is None:
        return False
    if clock.breached_at is None and clock.due_at <= now:
        clock.breached_at = clock.due_at
        _note(clock, "sla.breached", f"{clock.get_kind_display()} is overdue on")
        tell(Happening.SLA_BREACHED, clock.ticket)
    elif clock.warned_at is None and clock.warn_at <= now:
        clock.warned_at = now
        _note(clock, "sla.warned", f"{clock.get_kind_display()} is due soon on")
        tell(Happening.SLA_WARNED, clock.ticket)
    else:
        return False
    clock.save(update_fields=["warned_at", "breached_at"])
    return True


def _note(clock: SlaClock, action: str, words: str) -> None:
    ticket = clock.ticket
    audit.record(action=action, target=ticket, clock=clock.kind, due=str(clock.due_at))
    words = f"{words} ticket #{ticket.pk} “{ticket.subject}”."
    tell_agents(agents=_who_is_told(ticket), ticket=ticket, kind=Kind.SLA, words=words)


def _who_is_told(ticket: Ticket) -> QuerySet[User]:
    """The assignee and the followers; of a ticket that nobody has, its team."""
    wanted = Q(pk=ticket.assignee_id) | Q(followed_tickets=ticket)
    if ticket.assignee_id is None and ticket.team_id is not None:
        wanted |= Q(teams=ticket.team_id)
    chosen = User.objects.filter(wanted).values("pk")
    return may_see(ticket).filter(pk__in=chosen)


def refresh_open_tickets() -> int:
    """Set the clocks of every unsolved ticket right, after a policy or calendar has changed."""
    count = 0
    for ticket in _unsolved():
        with transaction.atomic():
            Conversation.objects.select_for_update().get(pk=ticket.conversation_id)
            sla.refresh(Ticket.objects.get(pk=ticket.pk))
            count += 1
    return count


def _unsolved() -> Iterator[Ticket]:
    return Ticket.objects.exclude(status__in=DONE).order_by("pk").iterator(chunk_size=AT_ONCE)


def refresh_soon() -> None:
    """Let a worker set all clocks right, once the transaction commits."""
    transaction.on_commit(_wake, robust=True)


def _wake() -> None:
    try:
        current_app.send_task(REFRESH_TASK, expires=600, ignore_result=True)
    except (OperationalError, RedisError, OSError) as error:
        log.warning("sla_refresh_not_queued", error=str(error))
