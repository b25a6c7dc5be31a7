"""The states of tickets and conversations and every allowed transition, in one place."""

from __future__ import annotations

from tickets.models import Conversation, Ticket

Status, State = Ticket.Status, Conversation.State

TICKET_TRANSITIONS: dict[str, frozenset[str]] = {
    Status.NEW: frozenset(
        {Status.OPEN, Status.PENDING, Status.ON_HOLD, Status.SOLVED, Status.CLOSED}
    ),
    Status.OPEN: frozenset({Status.PENDING, Status.ON_HOLD, Status.SOLVED, Status.CLOSED}),
    Status.PENDING: frozenset({Status.OPEN, Status.ON_HOLD, Status.SOLVED, Status.CLOSED}),
    Status.ON_HOLD: frozenset({Status.OPEN, Status.PENDING, Status.SOLVED, Status.CLOSED}),
    Status.SOLVED: frozenset({Status.REOPENED, Status.CLOSED}),
    Status.REOPENED: frozenset(
        {Status.OPEN, Status.PENDING, Status.ON_HOLD, Status.SOLVED, Status.CLOSED}
    ),
    Status.CLOSED: frozenset(),
}
# Where an agent has the next word.
AWAITS_AGENT: frozenset[str] = frozenset({Status.NEW, Status.OPEN, Status.REOPENED})
# Where somebody still owes the customer something: the conversation does not end by time.
OWED: frozenset[str] = AWAITS_AGENT | {Status.ON_HOLD}
# Where nobody has anything to do.
DONE: frozenset[str] = frozenset({Status.SOLVED, Status.CLOSED})

CONVERSATION_TRANSITIONS: dict[str, frozenset[str]] = {
    State.BOT: frozenset({State.WAITING, State.AGENT, State.CLOSED}),
    State.WAITING: frozenset({State.AGENT, State.BOT, State.CLOSED}),
    State.AGENT: frozenset({State.BOT, State.WAITING, State.CLOSED}),
    State.CLOSED: frozenset(),
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
