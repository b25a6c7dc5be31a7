"""The states of tickets and conversations and every allowed transition, in one place."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser

from tickets.models import Conversation, Message, Ticket
from tickets.services.names import staff_name

Status, State, Author = Ticket.Status, Conversation.State, Message.Author

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
    # From one agent to another, too.
    State.AGENT: frozenset({State.AGENT, State.BOT, State.WAITING, State.CLOSED}),
    State.CLOSED: frozenset(),
}
# Who may write a message, by the conversation's state. The database refuses every other one
# (migration 0013), so that whoever changes one changes both. Notices of the product itself are
# always allowed: “This is solved” comes after the end.
SPEAKERS: dict[str, frozenset[str]] = {
    State.BOT: frozenset({Author.CUSTOMER, Author.BOT, Author.SYSTEM}),
    State.WAITING: frozenset({Author.CUSTOMER, Author.SYSTEM}),
    State.AGENT: frozenset({Author.CUSTOMER, Author.AGENT, Author.SYSTEM}),
    State.CLOSED: frozenset({Author.SYSTEM}),
}

# Modes in which the bot does nothing of its own accord.
BY_PEOPLE: frozenset[str] = frozenset({Conversation.Mode.SUGGEST, Conversation.Mode.OFF})


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


class SpeakerError(TransitionError):
    """Somebody else speaks in the conversation now. `str()` is a sentence for an agent."""


def check_may_speak(
    conversation: Conversation, author: str, agent: AbstractBaseUser | None = None
) -> None:
    """Raises SpeakerError unless `author` may write into the locked conversation now: of all
    agents, only the one who has it."""
    if author not in SPEAKERS[conversation.state]:
        raise SpeakerError(
            f"The conversation is “{conversation.get_state_display()}”: a message of the "
            f"{Message.Author(author).label.lower()} cannot be sent."
        )
    speaker = conversation.agent
    if agent is not None and speaker is not None and speaker.pk != agent.pk:
        raise SpeakerError(taken_words(conversation))


def may_answer(conversation: Conversation) -> bool:
    """Whether the bot may write to the customer now, rather than drafts for an agent."""
    return conversation.state == State.BOT and conversation.mode == Conversation.Mode.REPLY


# The same as a condition on the conversation's row.
MAY_ANSWER_SQL = f"state = '{State.BOT.value}' AND mode = '{Conversation.Mode.REPLY.value}'"


def taken_words(conversation: Conversation) -> str:
    name = staff_name(conversation.agent) if conversation.agent is not None else "Somebody else"
    return f"{name} speaks with the customer now. Take the conversation over before you reply."
