"""A ticket's status and what goes with it. Needs a transaction that locks the conversation."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet
from django.utils import timezone

from tickets.models import Draft, Ticket
from tickets.services import audit, sla
from tickets.services.csat import ask_for_rating
from tickets.services.events import append_event
from tickets.services.happenings import Happening, tell
from tickets.services.timers import plan
from tickets.states import DONE, check_ticket_transition


def set_status(
    ticket: Ticket, status: str, actor: AbstractBaseUser | None, reason: str = ""
) -> None:
    """Move a locked ticket; drafts of one that is done wait no longer. Raises TransitionError."""
    check_ticket_transition(ticket, status)
    audit.record(
        action="ticket.status_changed",
        target=ticket,
        actor=actor,
        before=ticket.status,
        after=status,
        **({"reason": reason} if reason else {}),
    )
    ticket.status = Ticket.Status(status)
    ticket.status_reason, ticket.status_changed_at = reason[:200], timezone.now()
    ticket.save(update_fields=["status", "status_reason", "status_changed_at", "updated_at"])
    if status in DONE:
        withdraw(Draft.objects.filter(ticket=ticket), actor=actor, reason=f"ticket {status}")
    sla.refresh(ticket)
    announce(ticket)
    plan(ticket)
    if status in DONE:
        ask_for_rating(ticket)
    tell(Happening.STATUS_CHANGED, ticket)


def withdraw(
    drafts: QuerySet[Draft], *, reason: str, actor: AbstractBaseUser | None = None
) -> None:
    """Take back those that wait: nobody is going to decide them any more."""
    for draft in drafts.select_for_update(of=("self",)).filter(status=Draft.Status.PENDING):
        draft.status = Draft.Status.WITHDRAWN
        draft.decided_by_id = actor.pk if actor is not None else None
        draft.decided_at = timezone.now()
        draft.save(update_fields=["status", "decided_by", "decided_at"])
        audit.record(action="draft.withdrawn", target=draft, actor=actor, reason=reason)


def announce(ticket: Ticket) -> None:
    append_event(
        conversation_id=ticket.conversation_id,
        type="ticket.changed",
        payload={"ticket_id": str(ticket.pk), "status": ticket.status},
    )
