"""Who may speak to the customer: the bot, nobody yet, or a person. No model decides this."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from tickets.models import Conversation, Ticket
from tickets.services import audit
from tickets.services.events import append_event
from tickets.services.messages import agent_name
from tickets.services.tickets import ensure_ticket
from tickets.states import check_conversation_transition

State = Conversation.State


REASONS = {
    "customer_asked": "You asked for a person. A colleague will reply here.",
    "for_review": "Thank you. A colleague will reply here.",
}


@transaction.atomic
def request_person(*, conversation: Conversation, reason: str = "customer_asked") -> Ticket:
    """Hand the conversation over to people. Asking again changes nothing; returns the ticket.

    `reason` is a key of REASONS, which gives the words that the customer reads.
    """
    locked = Conversation.objects.select_for_update().get(pk=conversation.pk)
    ticket = ensure_ticket(conversation=locked)
    if locked.state == State.BOT:
        _change(locked, State.WAITING, REASONS[reason])
        audit.record(action="conversation.handed_over", target=locked, reason=reason)
    return ticket


@transaction.atomic
def take_over(*, conversation: Conversation, agent: AbstractBaseUser) -> None:
    """A person speaks from now on; the bot writes drafts. Does nothing when that is so already."""
    locked = Conversation.objects.select_for_update().get(pk=conversation.pk)
    if locked.state == State.AGENT:
        return
    name = agent_name(agent)
    _change(locked, State.AGENT, f"You are talking with {name}.", name)
    audit.record(action="conversation.taken_over", target=locked, actor=agent)


@transaction.atomic
def give_back(*, conversation: Conversation, agent: AbstractBaseUser) -> None:
    """The bot answers again. Does nothing when that is so already."""
    locked = Conversation.objects.select_for_update().get(pk=conversation.pk)
    if locked.state == State.BOT:
        return
    _change(locked, State.BOT, "You are talking with the assistant again.")
    audit.record(action="conversation.given_back", target=locked, actor=agent)


def _change(conversation: Conversation, state: str, text: str, name: str | None = None) -> None:
    check_conversation_transition(conversation, state)
    conversation.state = State(state)
    conversation.save(update_fields=["state", "updated_at"])
    append_event(
        conversation_id=conversation.pk,
        type="handover.changed",
        payload={"state": state, "agent_name": name, "text": text},
    )
