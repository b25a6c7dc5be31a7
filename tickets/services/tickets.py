"""Opening tickets and moving them along their states."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from tickets.models import Conversation, CustomField, Team, Ticket
from tickets.services import audit, sla
from tickets.services.conversations import close_conversation, team_of
from tickets.services.happenings import Happening, tell
from tickets.services.names import staff_name
from tickets.services.speaker import let_bot_speak
from tickets.services.statuses import announce, set_status
from tickets.services.subjects import SUBJECT_CHARACTERS, subject_of
from tickets.states import AWAITS_AGENT, TransitionError, check_ticket_transition


@transaction.atomic
def ensure_ticket(
    *,
    conversation: Conversation,
    because: str = "the customer wrote again",
    subject: str = "",
) -> Ticket:
    """The conversation's ticket, open: made, reopened or left as it is. A new one is called
    `subject`, or by what the customer wrote."""
    locked = Conversation.objects.select_for_update().get(pk=conversation.pk)
    ticket = conversation.tickets.exclude(status=Ticket.Status.CLOSED).first()
    if ticket is None:
        priority = Ticket.Priority.URGENT if locked.is_urgent else Ticket.Priority.NORMAL
        ticket = Ticket.objects.create(
            conversation=conversation,
            subject=subject[:SUBJECT_CHARACTERS] or subject_of(conversation),
            priority=priority,
            team=_private_team_before(locked),
        )
        if locked.team_before_id is not None:  # from now on the ticket says whose it is
            Conversation.objects.filter(pk=locked.pk).update(team_before=None)
        audit.record(action="ticket.opened", target=ticket)
        announce(ticket)
        sla.refresh(ticket)
        tell(Happening.OPENED, ticket)
    elif ticket.status not in AWAITS_AGENT:
        came_back = ticket.status == Ticket.Status.SOLVED
        back = Ticket.Status.REOPENED if came_back else Ticket.Status.OPEN
        set_status(ticket, back, None, because)
    return ticket


def _private_team_before(conversation: Conversation) -> Team | None:
    """The private team whose ticket this one follows on: what was for its members alone stays so.
    None where the ticket before was of nobody's, or for all."""
    team = team_of(conversation)
    return team if team is not None and team.is_private else None


@transaction.atomic
def change_status(
    *, ticket: Ticket, status: str, agent: AbstractBaseUser | None, reason: str = ""
) -> Ticket:
    """Move a ticket. Once it is solved the bot answers again; a closed one ends its
    conversation. Raises TransitionError when the step is not allowed, and when a field that
    an agent must fill in is empty."""
    # Conversation before ticket, as everywhere: two transactions can never wait for each other.
    conversation = Conversation.objects.select_for_update().get(pk=ticket.conversation_id)
    locked = Ticket.objects.select_for_update().get(pk=ticket.pk)
    if locked.status == status:
        return locked
    check_ticket_transition(locked, status)
    if status == Ticket.Status.CLOSED:
        by = Conversation.ClosedBy.AGENT
        close_conversation(conversation=conversation, by=by, agent=agent, reason=reason)
        locked.refresh_from_db()
        return locked
    if status == Ticket.Status.SOLVED and agent is not None:
        _check_complete(locked)
    set_status(locked, status, agent, reason)
    speaks = {Conversation.State.WAITING, Conversation.State.AGENT}
    if status == Ticket.Status.SOLVED and conversation.state in speaks:
        let_bot_speak(conversation)
        audit.record(action="conversation.given_back", target=conversation, actor=agent)
    return locked


def _check_complete(ticket: Ticket) -> None:
    required = CustomField.objects.filter(is_active=True, is_required=True)
    missing = [one.label for one in required if ticket.custom_fields.get(one.key) is None]
    if missing:
        raise TransitionError(f"Fill in {', '.join(missing)} before you solve the ticket.")


@transaction.atomic
def assign(
    *, ticket: Ticket, assignee: AbstractBaseUser | None, agent: AbstractBaseUser | None
) -> Ticket:
    """Give a ticket to an agent, or to nobody. `agent` None means a rule of the product. Raises
    ValueError when the agent is not in the private team that the ticket belongs to."""
    Conversation.objects.select_for_update().get(pk=ticket.conversation_id)
    locked = Ticket.objects.select_for_update().get(pk=ticket.pk)
    _check_may_see(locked, assignee)
    set_assignee(locked, assignee, agent)
    return locked


def _check_may_see(ticket: Ticket, assignee: AbstractBaseUser | None) -> None:
    if assignee is None or Ticket.objects.visible_to(assignee).filter(pk=ticket.pk).exists():
        return
    team = f"the team “{ticket.team}”" if ticket.team is not None else "the ticket's team"
    raise ValueError(f"{staff_name(assignee)} is not in {team}. Choose one of its members.")


def set_assignee(
    locked: Ticket,
    assignee: AbstractBaseUser | None,
    actor: AbstractBaseUser | None,
    **details: str,
) -> None:
    """Give a locked ticket of a locked conversation to an agent, or to nobody. `details` go into
    the audit log."""
    before, after = locked.assignee_id, assignee.pk if assignee is not None else None
    if before == after:
        return
    locked.assignee_id = after
    locked.save(update_fields=["assignee", "updated_at"])
    audit.record(
        action="ticket.assigned",
        target=locked,
        actor=actor,
        before=before,
        after=after,
        **details,
    )
    if after is not None and locked.status == Ticket.Status.NEW:
        set_status(locked, Ticket.Status.OPEN, actor)
