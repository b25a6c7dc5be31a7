"""The states of tickets and conversations and every allowed transition, in one place."""

from __future__ import annotations

from tickets.models import Conversation, Ticket

TICKET_TRANSITIONS: dict[str, frozenset[str]] = {
    Ticket.Status.OPEN: frozenset(
        {Ticket.Status.PENDING, Ticket.Status.RESOLVED, Ticket.Status.CLOSED}
    ),
    Ticket.Status.PENDING: frozenset(
        {Ticket.Status.OPEN, Ticket.Status.RESOLVED, Ticket.Status.CLOSED}
    ),
    Ticket.Status.RESOLVED: frozenset({Ticket.Status.OPEN, Ticket.Status.CLOSED}),
    Ticket.Status.CLOSED: frozenset(),
}

_BOT, _WAITING, _AGENT, _CLOSED = (
    Conversation.State.BOT,
    Conversation.State.WAITING,
    Conversation.State.AGENT,
    Conversation.State.CLOSED,
)
CONVERSATION_TRANSITIONS: dict[str, frozenset[str]] = {
    _BOT: frozenset({_WAITING, _AGENT, _CLOSED}),
    _WAITING: frozenset({_AGENT, _BOT, _CLOSED}),
    _AGENT: frozenset({_BOT, _WAITING, _CLOSED}),
    _CLOSED: frozenset(),
}


class TransitionError(ValueError):
    """The step is not allowed from the present state. `str()` is a sentence for an agent."""


def check_ticket_transition(ticket: Ticket, status: str) -> None:
    """Raises TransitionError unless `ticket` may go to `status`."""
    if status not in TICKET_TRANSITIONS[ticket.status]:
        raise TransitionError(
            f"Ticket #{ticket.pk} is “{ticket.get_status_display()}” and cannot become "
            f"“{Ticket.Status(status).label}”."
        )


def check_conversation_transition(conversation: Conversation, state: str) -> None:
    """Raises TransitionError unless `conversation` may go to `state`."""
    if state not in CONVERSATION_TRANSITIONS[conversation.state]:
        raise TransitionError(
            f"The conversation is “{conversation.get_state_display()}” and cannot become "
            f"“{Conversation.State(state).label}”."
        )
