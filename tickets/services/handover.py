"""Who may speak to the customer: the bot, nobody yet, or a person. No model decides this."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from tickets.models import Conversation, Ticket
from tickets.services import audit
from tickets.services.conversations import lock_open
from tickets.services.messages import display_name
from tickets.services.speaker import BACK_TO_BOT, change_speaker
from tickets.services.tickets import ensure_ticket
from tickets.states import TransitionError

State = Conversation.State


REASONS = {
    "customer_asked": "You asked for a person. A colleague will reply here.",
    "for_review": "Thank you. A colleague will reply here.",
    "policy": "I am passing you on to a colleague, who will reply here.",
}
NAMELESS = "a colleague"


class ConversationClosedError(TransitionError):
    """A closed conversation is read only."""


@transaction.atomic
def request_person(
    *, conversation: Conversation, reason: str = "customer_asked", text: str = ""
) -> Ticket:
    """Hand the conversation over to people. Asking again changes nothing; returns the ticket.

    `reason` is a key of REASONS, which gives the words that the customer reads, unless `text` does.
    Of a conversation
    that has ended, the one that follows on it is handed over.
    """
    locked = lock_open(conversation)
    ticket = ensure_ticket(conversation=locked)
    if locked.state == State.BOT:
        change_speaker(locked, State.WAITING, text or REASONS[reason])
        audit.record(action="conversation.handed_over", target=locked, reason=reason)
    return ticket


@transaction.atomic
def take_over(*, conversation: Conversation, agent: AbstractBaseUser) -> None:
    """A person speaks from now on; the bot writes drafts. Does nothing when that is so already.
    Raises ConversationClosedError."""
    locked = _lock_not_closed(conversation)
    if locked.state == State.AGENT:
        return
    name = display_name(agent)
    change_speaker(locked, State.AGENT, f"You are talking with {name or NAMELESS}.", name)
    audit.record(action="conversation.taken_over", target=locked, actor=agent)


@transaction.atomic
def give_back(*, conversation: Conversation, agent: AbstractBaseUser) -> None:
    """The bot answers again. Does nothing when that is so already. Raises
    ConversationClosedError."""
    locked = _lock_not_closed(conversation)
    if locked.state == State.BOT:
        return
    change_speaker(locked, State.BOT, BACK_TO_BOT)
    audit.record(action="conversation.given_back", target=locked, actor=agent)


def _lock_not_closed(conversation: Conversation) -> Conversation:
    locked = Conversation.objects.select_for_update().get(pk=conversation.pk)
    if locked.state == State.CLOSED:
        raise ConversationClosedError(
            "This conversation is closed. The customer's next message begins a new one."
        )
    return locked
