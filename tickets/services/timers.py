"""Setting and cancelling the timers of a ticket. What is due, tickets.services.due does."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from tickets.models import Conversation, Ticket, Timer
from tickets.services import audit
from tickets.states import DONE, TransitionError

Kind, Status = Timer.Kind, Ticket.Status
# What runs while a ticket is in a status, and the setting that says how many hours.
BY_STATUS: dict[str, dict[str, str]] = {
    Status.PENDING: {Kind.REMINDER: "reminder_hours", Kind.SOLVE: "solve_hours"},
    Status.SOLVED: {Kind.CLOSE: "close_hours"},
}
OF_STATUSES = [Kind.REMINDER, Kind.SOLVE, Kind.CLOSE]


def plan(locked: Ticket) -> None:
    """Set the timers of a locked ticket's status, from now on, in place of those that run."""
    cancel(locked, *OF_STATUSES)
    if locked.status in DONE and locked.snoozed_until is not None:
        cancel(locked, Kind.WAKE)
        end_snooze(locked, reason="the ticket is done")
    now = timezone.now()
    Timer.objects.bulk_create(
        Timer(ticket=locked, kind=kind, due_at=now + dt.timedelta(hours=hours))
        for kind, name in BY_STATUS.get(locked.status, {}).items()
        if (hours := settings.TICKETS[name]) > 0
    )


def cancel(locked: Ticket, *kinds: str) -> None:
    running = locked.timers.filter(status=Timer.Status.PENDING, kind__in=kinds)
    running.update(status=Timer.Status.CANCELLED, ended_at=timezone.now())


def heard_from_customer(locked: Conversation) -> None:
    """A customer has written into a locked conversation: its ticket wakes up, and the timers of its
    status begin anew."""
    waiting = Q(snoozed_until__isnull=False) | Q(status__in=BY_STATUS)
    for ticket in locked.tickets.select_for_update().filter(waiting):
        if ticket.snoozed_until is not None:
            cancel(ticket, Kind.WAKE)
            end_snooze(ticket, reason="the customer wrote")
        if ticket.status in BY_STATUS:
            plan(ticket)


@transaction.atomic
def snooze(*, ticket: Ticket, until: dt.datetime, agent: AbstractBaseUser) -> Ticket:
    """Take a ticket out of the queue until a time, or until the customer writes. Raises
    TransitionError when it is done, or the time has passed."""
    locked = _lock(ticket)
    if locked.status in DONE:
        raise TransitionError(f"Ticket #{locked.pk} is done: there is nothing to snooze.")
    if until <= timezone.now():
        raise TransitionError("Choose a time that is still to come.")
    cancel(locked, Kind.WAKE)
    Timer.objects.create(ticket=locked, kind=Kind.WAKE, due_at=until)
    locked.snoozed_until = until
    locked.save(update_fields=["snoozed_until", "updated_at"])
    audit.record(action="ticket.snoozed", target=locked, actor=agent, until=until.isoformat())
    return locked


@transaction.atomic
def wake(*, ticket: Ticket, agent: AbstractBaseUser) -> Ticket:
    """Put a snoozed ticket back into the queue. Does nothing when it is there."""
    locked = _lock(ticket)
    if locked.snoozed_until is not None:
        cancel(locked, Kind.WAKE)
        end_snooze(locked, actor=agent)
    return locked


def end_snooze(locked: Ticket, reason: str = "", actor: AbstractBaseUser | None = None) -> None:
    """Of a locked ticket, whose timer has ended."""
    locked.snoozed_until = None
    locked.save(update_fields=["snoozed_until", "updated_at"])
    because = {"reason": reason} if reason else {}
    audit.record(action="ticket.woken", target=locked, actor=actor, **because)


def _lock(ticket: Ticket) -> Ticket:
    Conversation.objects.select_for_update().get(pk=ticket.conversation_id)
    return Ticket.objects.select_for_update().get(pk=ticket.pk)
