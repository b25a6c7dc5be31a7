"""Receive: what a customer sends becomes a stored message and a queued run, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from supportbot.answers.errors import ReceiveError
from supportbot.answers.models import AnswerRun
from supportbot.answers.run import in_thread
from supportbot.answers.types import Question
from supportbot.retrieval.conversation import Turn
from tickets.models import Conversation, Message
from tickets.services.messages import add_customer_message

HISTORY_TURNS = 10
CLIENT_ID_CHARACTERS = 100


@dataclass(frozen=True)
class IncomingMessage:
    """A checked message, made by check_message."""

    text: str
    client_id: str


def check_message(raw: Any) -> IncomingMessage:
    """A frame or request body → IncomingMessage. Raises ReceiveError; changes nothing."""
    if not isinstance(raw, dict):
        raise ReceiveError(code="bad_message", text="The message could not be read.")
    text, client_id = raw.get("text"), raw.get("client_id")
    if not isinstance(client_id, str) or not 0 < len(client_id) <= CLIENT_ID_CHARACTERS:
        raise ReceiveError(
            code="bad_client_id", text="A message needs a client_id of 1 to 100 characters."
        )
    if not client_id.isprintable():  # such as NUL, which PostgreSQL cannot store
        raise ReceiveError(code="bad_client_id", text="A client_id has printable characters only.")
    if not isinstance(text, str):
        raise ReceiveError(code="bad_message", text="A message needs a text.")
    text = "".join(c for c in text if c.isprintable() or c in "\n\t").strip()
    if not text:
        raise ReceiveError(code="empty_message", text="Please write a message.")
    if len(text) > settings.MESSAGE_MAX_CHARACTERS:
        limit = f"{settings.MESSAGE_MAX_CHARACTERS:,}"
        raise ReceiveError(
            code="message_too_long", text=f"Please shorten your message to {limit} characters."
        )
    return IncomingMessage(text=text, client_id=client_id)


@transaction.atomic
def accept_message(
    *, conversation: Conversation, incoming: IncomingMessage
) -> tuple[Message, AnswerRun]:
    """Store the message and queue its run. The same client_id again gives both back unchanged."""
    message, created = add_customer_message(
        conversation=conversation, text=incoming.text, client_id=incoming.client_id
    )
    if not created:
        return message, AnswerRun.objects.get(question=message)
    current = Conversation.objects.get(pk=conversation.pk)
    for_review = current.state != Conversation.State.BOT or current.mode == Conversation.Mode.DRAFT
    run = AnswerRun.objects.create(
        conversation=current,
        question=message,
        delivery=AnswerRun.Delivery.DRAFT if for_review else AnswerRun.Delivery.STREAM,
    )
    return message, run


@in_thread
def receive(run: AnswerRun) -> Question:
    """The run's question as it is stored, with what was said before it."""
    message = Message.objects.get(pk=run.question_id)
    earlier = Message.objects.filter(
        conversation_id=run.conversation_id, created_at__lt=message.created_at
    ).order_by("-created_at")[:HISTORY_TURNS]
    return Question(
        message_id=message.id,
        conversation_id=run.conversation_id,
        text=message.text,
        history=tuple(Turn(entry.author, entry.text) for entry in reversed(earlier)),
        as_of=timezone.localdate(message.created_at),
    )
