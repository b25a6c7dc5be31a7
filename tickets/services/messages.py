"""Storing messages. A message and the event that shows it are one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction

from tickets.models import Conversation, Feedback, Message
from tickets.services import sla
from tickets.services.conversations import continue_conversation, has_ended, leads_to
from tickets.services.customer_files import file_to_wire, send_files
from tickets.services.desk import ring_desk
from tickets.services.events import append_event, iso
from tickets.services.happenings import tell_of_message
from tickets.services.names import display_name
from tickets.services.outbox import queue_email
from tickets.services.speaker import lease_from_now
from tickets.services.subjects import name_ticket
from tickets.services.timers import heard_from_customer
from tickets.states import BY_PEOPLE, check_may_speak

Author = Message.Author
_LOOK_UP = """
SELECT EXISTS (SELECT FROM tickets_ticket WHERE conversation_id = %(conversation)s),
       EXISTS (
           SELECT FROM tickets_message m JOIN tickets_conversation c ON c.id = m.conversation_id
           WHERE c.customer_id = %(customer)s AND m.author = %(author)s
             AND m.client_id = %(client_id)s
       )
"""


def message_to_wire(message: Message, *, may_have_files: bool = True) -> dict[str, Any]:
    """The message as the widget gets it. Needs `agent` loaded where there is one."""
    return {
        "id": str(message.id),
        "author": message.author,
        "text": message.text,
        "created_at": iso(message.created_at),
        # An agent's is the agent's own business.
        "client_id": message.client_id if message.author == Author.CUSTOMER else None,
        "agent_name": display_name(message.agent) if message.agent is not None else None,
        "run_id": str(message.run_id) if message.run_id else None,
        "sentences": message.sentences,
        "files": _files_of(message) if may_have_files else [],
    }


def _files_of(message: Message) -> list[dict[str, Any]]:
    # What agents add goes by e-mail.
    if message.author != Author.CUSTOMER:
        return []
    return [file_to_wire(one) for one in message.attachments.all() if not one.refused]


@transaction.atomic(savepoint=False)
def add_customer_message(
    *,
    conversation: Conversation,
    text: str,
    client_id: str,
    files: Sequence[UUID] = (),
    awaits_bot: bool = False,
) -> tuple[Message, bool]:
    """Store what a customer sent: (message, created). The same `client_id` changes nothing.
    `awaits_bot`: it awaits an answer of the bot where the bot answers.

    What is written into a conversation that has ended goes into the one that follows on it. Leaves
    the message's conversation locked.
    """
    of_conversation = Conversation.objects.select_for_update(of=("self",))
    locked = of_conversation.select_related("customer").get(pk=conversation.pk)
    # Most questions have no ticket, and none is opened while the conversation is locked.
    has_ticket, is_id_known = _look_up(locked, client_id)
    known = _sent_before(locked, client_id) if is_id_known else None
    while known is None and has_ended(locked):
        locked = continue_conversation(locked)
        has_ticket = locked.tickets.exists()
        known = _sent_before(locked, client_id) if is_id_known else None
    if known is not None:
        return known, False
    message = Message(
        conversation=locked,
        author=Author.CUSTOMER,
        text=text,
        client_id=client_id,
        awaits_answer=awaits_bot and locked.mode not in BY_PEOPLE,
    )
    if files:
        message.save()
        send_files(message=message, files=files, of=conversation)
    _show(message, has_ticket=has_ticket)
    _begin_lease(locked)
    if has_ticket:
        name_ticket(message)
        heard_from_customer(locked)
    return message, True


def _look_up(locked: Conversation, client_id: str) -> tuple[bool, bool]:
    """Whether a conversation has tickets, and whether its customer has used the id before."""
    values: dict[str, Any] = {
        "conversation": locked.pk,
        "customer": locked.customer_id,
        "author": Author.CUSTOMER,
        "client_id": client_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(_LOOK_UP, values)
        has_ticket, is_id_known = cursor.fetchall()[0]
    return has_ticket, is_id_known


def _begin_lease(locked: Conversation) -> None:
    """The customer waits for the agent who speaks, from the first unanswered message on."""
    if locked.state == Conversation.State.AGENT and locked.lease_until is None:
        locked.lease_until = lease_from_now()
        locked.save(update_fields=["lease_until"])


def _sent_before(conversation: Conversation, client_id: str) -> Message | None:
    """In this conversation or in one that it goes on from, as a tab that slept may send again."""
    sent = Message.objects.filter(
        conversation__customer_id=conversation.customer_id,
        author=Author.CUSTOMER,
        client_id=client_id,
    ).select_related("conversation")
    return next((one for one in sent if leads_to(one.conversation, conversation)), None)


@dataclass(frozen=True)
class AgentReply:
    """What an agent says. `sentences`, `run_id` and `question` are a draft's; one `client_id` is
    sent once."""

    text: str
    sentences: list[dict[str, Any]] = field(default_factory=list)
    run_id: UUID | None = None
    question: Message | None = None
    client_id: str | None = None


@transaction.atomic
def add_agent_message(
    *, conversation: Conversation, agent: AbstractBaseUser, reply: AgentReply
) -> tuple[Message, bool]:
    """Store and announce what an agent says: (message, created). Raises SpeakerError unless the
    conversation is theirs."""
    locked = Conversation.objects.select_for_update().get(pk=conversation.pk)
    if reply.client_id is not None:
        known = Message.objects.filter(
            conversation=conversation, author=Author.AGENT, client_id=reply.client_id
        ).first()
        if known is not None:
            return known, False
    check_may_speak(locked, Author.AGENT, agent)
    message = Message(
        conversation=locked,
        author=Author.AGENT,
        agent_id=agent.pk,
        text=reply.text,
        sentences=reply.sentences,
        run_id=reply.run_id,
        reply_to=reply.question,
        client_id=reply.client_id,
    )
    _show(message)
    if locked.lease_until is not None:  # the customer waits no longer
        locked.lease_until = None
        locked.save(update_fields=["lease_until"])
    return message, True


@transaction.atomic
def add_notice(*, conversation: Conversation, text: str) -> Message:
    """Store and announce what the product itself tells the customer, whoever speaks."""
    locked = Conversation.objects.select_for_update().get(pk=conversation.pk)
    message = Message(conversation=locked, author=Author.SYSTEM, text=text)
    _show(message)
    return message


@transaction.atomic
def add_bot_answer(
    *,
    question: Message,
    run_id: UUID,
    text: str,
    sentences: list[dict[str, Any]],
    **details: Any,
) -> Message:
    """Store the answer to a question, which then awaits none; `details` go with the event that
    completes it. Raises SpeakerError unless the bot speaks in the conversation."""
    locked = Conversation.objects.select_for_update().get(pk=question.conversation_id)
    answer = BotAnswer(question.pk, run_id, text, sentences, details)
    return show_bot_answer(locked=locked, answer=answer)


@dataclass(frozen=True)
class BotAnswer:
    question_id: UUID
    run_id: UUID
    text: str
    sentences: list[dict[str, Any]]
    details: dict[str, Any]


def show_bot_answer(*, locked: Conversation, answer: BotAnswer) -> Message:
    """The same in a transaction that has locked the conversation."""
    check_may_speak(locked, Author.BOT)
    message = Message(
        conversation=locked,
        author=Author.BOT,
        text=answer.text,
        sentences=answer.sentences,
        run_id=answer.run_id,
        reply_to_id=answer.question_id,
    )
    _show(message, "answer.completed", run_id=str(answer.run_id), **answer.details)
    return message


def _show(
    message: Message, type: str = "message.created", *, has_ticket: bool = True, **details: Any
) -> None:
    """Store a message with the event that shows it, whose number is its place. `has_ticket`: the
    conversation may have one."""
    is_new = message._state.adding  # files are there before the message is shown
    message.save()
    wire = append_event(
        conversation_id=message.conversation_id,
        type=type,
        payload={**details, "message": message_to_wire(message, may_have_files=not is_new)},
        shows=message.pk,
        answers=message.reply_to_id if message.author == Author.BOT else None,
    )
    message.seq = wire["seq"]
    if has_ticket and message.author in {Author.CUSTOMER, Author.AGENT}:
        sla.refresh_conversation(message.conversation_id)
        tell_of_message(message)
    queue_email(message)
    ring_desk(message, has_ticket=has_ticket)


def give_feedback(*, message: Message, value: str, comment: str = "") -> Feedback:
    """Record the customer's verdict on an answer; a later verdict replaces the earlier one."""
    feedback, _ = Feedback.objects.update_or_create(
        message=message, defaults={"value": Feedback.Value(value), "comment": comment[:2000]}
    )
    return feedback
