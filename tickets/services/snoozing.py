"""Snoozing: a ticket leaves the queue until a time, or until the customer writes."""

from __future__ import annotations

import datetime as dt

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from tickets.models import Conversation, Ticket
from tickets.services import audit
from tickets.states import DONE, TransitionError

LONGEST = dt.timedelta(days=366)


@transaction.atomic
def snooze_ticket(*, ticket: Ticket, until: dt.datetime, agent: AbstractBaseUser) -> Ticket:
    """Take a ticket out of the queue until then. Raises ValueError."""
    now = timezone.now()
    if until <= now:
        raise ValueError("Choose a time that is still to come.")
    if until > now + LONGEST:
        raise ValueError("Choose a time within a year.")
    Conversation.objects.select_for_update().get(pk=ticket.conversation_id)
    locked = Ticket.objects.select_for_update().get(pk=ticket.pk)
    if locked.status in DONE:
        raise TransitionError(f"Ticket #{locked.pk} is done: there is nothing to wait for.")
    locked.snoozed_until = until
    locked.save(update_fields=["snoozed_until", "updated_at"])
    audit.record(action="ticket.snoozed", target=locked, actor=agent, until=until.isoformat())
    return locked


@transaction.atomic
def wake_ticket(*, ticket: Ticket, agent: AbstractBaseUser) -> Ticket:
    """Put a snoozed ticket back into the queue now."""
    Conversation.objects.select_for_update().get(pk=ticket.conversation_id)
    locked = Ticket.objects.select_for_update().get(pk=ticket.pk)
    if locked.snoozed_until is not None:
        _wake(locked, agent, "an agent did")
    return locked


def wake_for_customer(conversation: Conversation) -> None:
    """The customer wrote: tickets of the locked conversation sleep no longer."""
    for ticket in conversation.tickets.filter(snoozed_until__isnull=False):
        _wake(ticket, None, "the customer wrote")


def _wake(ticket: Ticket, actor: AbstractBaseUser | None, reason: str) -> None:
    ticket.snoozed_until = None
    ticket.save(update_fields=["snoozed_until", "updated_at"])
    audit.record(action="ticket.woken", target=ticket, actor=actor, reason=reason)
