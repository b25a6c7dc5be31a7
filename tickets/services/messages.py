"""Storing messages. A message and the event that shows it are one transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from tickets.models import Conversation, Feedback, Message
from tickets.services.events import append_event, iso


def message_to_wire(message: Message) -> dict[str, Any]:
    """The message as the widget gets it. Needs `agent` loaded where there is one."""
    return {
        "id": str(message.id),
        "author": message.author,
        "text": message.text,
        "created_at": iso(message.created_at),
        # An agent's is the agent's own business.
        "client_id": message.client_id if message.author == Message.Author.CUSTOMER else None,
        "agent_name": agent_name(message.agent) if message.agent is not None else None,
        "run_id": str(message.run_id) if message.run_id else None,
        "sentences": message.sentences,
    }


def agent_name(agent: AbstractBaseUser) -> str:
    """What customers call an agent: the first name, or the user name where none is given."""
    return str(getattr(agent, "first_name", "") or agent.get_username())


@transaction.atomic
def add_customer_message(
    *, conversation: Conversation, text: str, client_id: str
) -> tuple[Message, bool]:
    """Store what a customer sent: (message, created). The same `client_id` changes nothing."""
    Conversation.objects.select_for_update().get(pk=conversation.pk)
    known = Message.objects.filter(
        conversation=conversation, author=Message.Author.CUSTOMER, client_id=client_id
    ).first()
    if known is not None:
        return known, False
    message = Message.objects.create(
        conversation=conversation,
        author=Message.Author.CUSTOMER,
        text=text,
        client_id=client_id,
    )
    _announce(message)
    return message, True


@dataclass(frozen=True)
class AgentReply:
    """What an agent says. `sentences` and `run_id` are a draft's; one `client_id` is sent once."""

    text: str
    sentences: list[dict[str, Any]] = field(default_factory=list)
    run_id: UUID | None = None
    client_id: str | None = None


@transaction.atomic
def add_agent_message(
    *, conversation: Conversation, agent: AbstractBaseUser, reply: AgentReply
) -> tuple[Message, bool]:
    """Store and announce what an agent says: (message, created)."""
    Conversation.objects.select_for_update().get(pk=conversation.pk)
    if reply.client_id is not None:
        known = Message.objects.filter(
            conversation=conversation, author=Message.Author.AGENT, client_id=reply.client_id
        ).first()
        if known is not None:
            return known, False
    message = Message.objects.create(
        conversation=conversation,
        author=Message.Author.AGENT,
        agent_id=agent.pk,
        text=reply.text,
        sentences=reply.sentences,
        run_id=reply.run_id,
        client_id=reply.client_id,
    )
    _announce(message)
    return message, True


def _announce(message: Message) -> None:
    append_event(
        conversation_id=message.conversation_id,
        type="message.created",
        payload={"message": message_to_wire(message)},
    )
    # Lists are ordered by the newest change.
    message.conversation.save(update_fields=["updated_at"])


def give_feedback(*, message: Message, value: str, comment: str = "") -> Feedback:
    """Record the customer's verdict on an answer; a later verdict replaces the earlier one."""
    feedback, _ = Feedback.objects.update_or_create(
        message=message, defaults={"value": Feedback.Value(value), "comment": comment[:2000]}
    )
    return feedback
