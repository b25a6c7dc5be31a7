"""Doing what timers say, each exactly once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format

from tickets.models import Conversation, Ticket, Timer
from tickets.services import audit
from tickets.services.business_hours import default_calendar
from tickets.services.conversations import close_conversation
from tickets.services.messages import add_notice
from tickets.services.tickets import change_status
from tickets.services.timers import end_snooze

Kind = Timer.Kind
SOLVED_TEXT = "We have not heard from you since our last reply, so we take it that this is solved."


def run_due_timers(limit: int = 200) -> int:
    """Do what is due; returns how much."""
    due = Timer.objects.filter(status=Timer.Status.PENDING, due_at__lte=timezone.now())
    rows = due.order_by("due_at").values_list("pk", "ticket__conversation_id", "ticket_id")
    return sum(_run(*row) for row in rows[:limit])


@transaction.atomic
def _run(pk: int, conversation_id: UUID, ticket_id: int) -> bool:
    # Conversation before ticket before timer, as everywhere. Whoever comes second finds it ended.
    conversation = Conversation.objects.select_for_update().get(pk=conversation_id)
    ticket = Ticket.objects.select_for_update().get(pk=ticket_id)
    timer = Timer.objects.select_for_update().get(pk=pk)
    if timer.status != Timer.Status.PENDING or timer.due_at > timezone.now():
        return False
    timer.status, timer.ended_at = Timer.Status.DONE, timezone.now()
    timer.save(update_fields=["status", "ended_at"])
    _DO[timer.kind](conversation, ticket)
    return True


def _remind(conversation: Conversation, ticket: Ticket) -> None:
    solve = ticket.timers.filter(kind=Kind.SOLVE, status=Timer.Status.PENDING).first()
    add_notice(conversation=conversation, text=_reminder(solve.due_at if solve else None))
    audit.record(action="ticket.reminded", target=ticket)


def _reminder(solved_at: dt.datetime | None) -> str:
    text = "We are waiting for your reply. Just write here."
    if solved_at is None:
        return text
    day = date_format(solved_at.astimezone(default_calendar().zone), "l, j F")
    return f"{text} If we do not hear from you, we take it on {day} that this is solved."


def _solve(conversation: Conversation, ticket: Ticket) -> None:
    add_notice(conversation=conversation, text=SOLVED_TEXT)
    change_status(ticket=ticket, status=Ticket.Status.SOLVED, agent=None, reason="no reply in time")


def _close(conversation: Conversation, ticket: Ticket) -> None:
    close_conversation(conversation=conversation, by=Conversation.ClosedBy.TIME)


def _wake(conversation: Conversation, ticket: Ticket) -> None:
    end_snooze(ticket, reason="the time has come")


_DO: dict[str, Callable[[Conversation, Ticket], None]] = {
    Kind.REMINDER: _remind,
    Kind.SOLVE: _solve,
    Kind.CLOSE: _close,
    Kind.WAKE: _wake,
}
