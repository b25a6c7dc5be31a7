"""Opening tickets and moving them along their states."""

from __future__ import annotations

from textwrap import shorten

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from tickets.models import Conversation, Draft, Message, Ticket
from tickets.services import audit
from tickets.services.events import append_event
from tickets.states import check_ticket_transition

SUBJECT_CHARACTERS = 200


@transaction.atomic
def ensure_ticket(*, conversation: Conversation) -> Ticket:
    """The conversation's ticket, open: made, reopened or left as it is."""
    Conversation.objects.select_for_update().get(pk=conversation.pk)
    ticket = conversation.tickets.exclude(status=Ticket.Status.CLOSED).first()
    if ticket is None:
        ticket = Ticket.objects.create(conversation=conversation, subject=_subject_of(conversation))
        audit.record(action="ticket.opened", target=ticket)
        _announce(ticket)
    elif ticket.status != Ticket.Status.OPEN:
        ticket.status = Ticket.Status.OPEN
        ticket.save(update_fields=["status", "updated_at"])
        audit.record(action="ticket.reopened", target=ticket)
        _announce(ticket)
    return ticket


def _subject_of(conversation: Conversation) -> str:
    question = (
        conversation.messages.filter(author=Message.Author.CUSTOMER).order_by("-created_at").first()
    )
    text = " ".join(question.text.split()) if question is not None else ""
    return shorten(text, SUBJECT_CHARACTERS, placeholder="…") or "Asked for a person"


@transaction.atomic
def change_status(*, ticket: Ticket, status: str, agent: AbstractBaseUser) -> Ticket:
    """Move a ticket. Raises TransitionError when the step is not allowed."""
    # Conversation before ticket, as everywhere: two transactions can never wait for each other.
    Conversation.objects.select_for_update().get(pk=ticket.conversation_id)
    locked = Ticket.objects.select_for_update().get(pk=ticket.pk)
    if locked.status == status:
        return locked
    check_ticket_transition(locked, status)
    audit.record(
        action="ticket.status_changed",
        target=locked,
        actor=agent,
        before=locked.status,
        after=status,
    )
    locked.status = Ticket.Status(status)
    locked.save(update_fields=["status", "updated_at"])
    if status == Ticket.Status.CLOSED:
        _reject_pending_drafts(locked, agent)
    _announce(locked)
    return locked


def _reject_pending_drafts(ticket: Ticket, agent: AbstractBaseUser) -> None:
    """Nobody is going to decide them any more; they must not stand in the queue for ever."""
    for draft in ticket.drafts.select_for_update().filter(status=Draft.Status.PENDING):
        draft.status = Draft.Status.REJECTED
        draft.decided_by_id = agent.pk
        draft.decided_at = timezone.now()
        draft.save(update_fields=["status", "decided_by", "decided_at"])
        audit.record(action="draft.rejected", target=draft, actor=agent, reason="ticket closed")


@transaction.atomic
def assign(*, ticket: Ticket, assignee: AbstractBaseUser | None, agent: AbstractBaseUser) -> Ticket:
    """Give a ticket to an agent, or to nobody."""
    locked = Ticket.objects.select_for_update().get(pk=ticket.pk)
    before, after = locked.assignee_id, assignee.pk if assignee is not None else None
    if before != after:
        locked.assignee_id = after
        locked.save(update_fields=["assignee", "updated_at"])
        audit.record(
            action="ticket.assigned", target=locked, actor=agent, before=before, after=after
        )
    return locked


def _announce(ticket: Ticket) -> None:
    append_event(
        conversation_id=ticket.conversation_id,
        type="ticket.changed",
        payload={"ticket_id": str(ticket.pk), "status": ticket.status},
    )
