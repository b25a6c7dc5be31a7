"""Drafts: answers that an agent approves, edits or rejects. Each is decided exactly once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from tickets.models import Conversation, Draft, Message, Ticket
from tickets.services import audit
from tickets.services.handover import request_person, take_over
from tickets.services.messages import AgentReply, add_agent_message
from tickets.services.names import staff_name
from tickets.services.statuses import withdraw
from tickets.services.tickets import change_status
from tickets.states import AWAITS_AGENT, TransitionError

Status = Draft.Status


class DraftDecidedError(ValueError):
    """Somebody else was first. `str()` is a sentence for the agent who came second."""


@transaction.atomic
def create_draft(
    *,
    question: Message,
    run_id: UUID,
    text: str,
    sentences: list[dict[str, Any]],
    passages: list[dict[str, Any]],
) -> Draft | None:
    """Put an answer on the conversation's ticket for review. The same run again changes nothing.

    The conversation waits for a person from then on, and the customer is told so. A question that
    an agent has answered meanwhile needs no draft, nor does a closed conversation, nor one in which
    the bot is off: None.
    """
    conversation = Conversation.objects.select_for_update().get(pk=question.conversation_id)
    if conversation.state == Conversation.State.CLOSED or is_answered(question):
        return None
    is_off = conversation.mode == Conversation.Mode.OFF
    ticket = request_person(conversation=conversation, reason="no_bot" if is_off else "for_review")
    if is_off:
        return None
    draft, created = Draft.objects.get_or_create(
        run_id=run_id,
        defaults={
            "ticket": ticket,
            "question": question,
            "text": text,
            "sentences": sentences,
            "passages": passages,
        },
    )
    if created:
        audit.record(action="draft.created", target=draft, run_id=str(run_id))
    return draft


def is_answered(question: Message) -> bool:
    """Whether an agent has answered it: with its draft, or in words of their own since."""
    last = question.joined.last() or question
    replies = Message.objects.filter(
        conversation_id=question.conversation_id, author=Message.Author.AGENT, seq__gt=last.seq
    )
    return replies.filter(Q(reply_to=question) | Q(reply_to=None)).exists()


@transaction.atomic
def approve_draft(*, draft: Draft, agent: AbstractBaseUser, text: str | None = None) -> Message:
    """Send a draft to the customer, as it is or as the agent edited it.

    Citations go with it only as long as the words are unchanged: they prove the words they stand
    behind. Raises DraftDecidedError when another agent was first, ValueError on an empty text,
    SpeakerError when another agent has the conversation, TransitionError when the ticket is closed.
    """
    locked = _lock_pending(draft)
    final = (locked.text if text is None else text).strip()
    if not final:
        raise ValueError("Write a reply before you send it.")
    edited = final != locked.text.strip()
    conversation = locked.ticket.conversation
    _check_not_closed(locked.ticket)
    # The customer is told who speaks before they hear it.
    take_over(conversation=conversation, agent=agent)
    reply = AgentReply(
        final,
        sentences=_kept_sentences(locked, final),
        run_id=locked.run_id,
        question=locked.question,
    )
    message, _ = add_agent_message(conversation=conversation, agent=agent, reply=reply)
    _decide(locked, Status.APPROVED, agent, message)
    audit.record(
        action="draft.edited" if edited else "draft.approved",
        target=locked,
        actor=agent,
        message_id=str(message.id),
    )
    if locked.ticket.status in AWAITS_AGENT:
        change_status(ticket=locked.ticket, status=Ticket.Status.PENDING, agent=agent)
    return message


def _kept_sentences(draft: Draft, final: str) -> list[dict[str, Any]]:
    return draft.sentences if final == draft.text.strip() else []


@transaction.atomic
def reject_draft(*, draft: Draft, agent: AbstractBaseUser, reason: str = "") -> Draft:
    """Decide that a draft is not sent. Raises DraftDecidedError when another agent was first."""
    locked = _lock_pending(draft)
    _decide(locked, Status.REJECTED, agent, None)
    audit.record(action="draft.rejected", target=locked, actor=agent, reason=reason)
    return locked


def _lock_pending(draft: Draft) -> Draft:
    # Conversation before draft, as everywhere: two transactions can never wait for each other. The
    # lock makes the second of two agents wait, and then see what the first decided.
    Conversation.objects.select_for_update().get(tickets__drafts=draft)
    locked = (
        Draft.objects.select_for_update(of=("self",))
        .select_related("ticket", "question")
        .get(pk=draft.pk)
    )
    if locked.status != Status.PENDING:
        raise DraftDecidedError(_decided_words(locked))
    return locked


def _decided_words(draft: Draft) -> str:
    if draft.status == Status.WITHDRAWN:
        return "This draft is withdrawn: its question was answered in another way, or is closed."
    who = staff_name(draft.decided_by) if draft.decided_by is not None else "Somebody"
    decided = Status(draft.status).label.lower()
    return f"{who} has already {decided} this draft. Nothing was sent a second time."


def _decide(draft: Draft, status: str, agent: AbstractBaseUser, reply: Message | None) -> None:
    draft.status = Status(status)
    draft.decided_by_id = agent.pk
    draft.decided_at = timezone.now()
    draft.reply = reply
    draft.save(update_fields=["status", "decided_by", "decided_at", "reply"])


@transaction.atomic
def send_reply(
    *, ticket: Ticket, agent: AbstractBaseUser, text: str, client_id: str | None = None
) -> Message:
    """An agent's own words, without a draft; sent once for one `client_id`. Drafts for what was
    asked before are withdrawn.

    Raises ValueError on an empty text, SpeakerError when another agent has the conversation,
    TransitionError when the ticket is closed.
    """
    final = text.strip()
    if not final:
        raise ValueError("Write a reply before you send it.")
    conversation = Conversation.objects.select_for_update().get(pk=ticket.conversation_id)
    sent = conversation.messages.filter(author=Message.Author.AGENT, client_id=client_id)
    known = sent.first() if client_id else None
    if known is not None:
        return known
    _check_not_closed(Ticket.objects.get(pk=ticket.pk))
    take_over(conversation=conversation, agent=agent)
    reply = AgentReply(final, client_id=client_id)
    message, _ = add_agent_message(conversation=conversation, agent=agent, reply=reply)
    audit.record(action="message.sent", target=ticket, actor=agent, message_id=str(message.id))
    asked = Draft.objects.filter(ticket__conversation=conversation, question__seq__lt=message.seq)
    withdraw(asked, actor=agent, reason="answered")
    locked = Ticket.objects.get(pk=ticket.pk)
    if locked.status in AWAITS_AGENT:
        change_status(ticket=locked, status=Ticket.Status.PENDING, agent=agent)
    return message


def _check_not_closed(ticket: Ticket) -> None:
    if ticket.status == Ticket.Status.CLOSED:
        raise TransitionError(
            f"Ticket #{ticket.pk} is closed. The customer's next message opens a new one."
        )
