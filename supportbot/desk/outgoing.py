"""Replies on their way: sent at their time, exactly once, or taken back before.

The row is the truth. A task is told to look when a reply is due, and a sweep finds what a lost task
would have sent. The reply's row is locked first, then what `send_reply` locks.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from supportbot.desk.files import unsent_files
from supportbot.desk.kept import forget_text, keep_text
from supportbot.desk.models import KeptText, OutgoingReply
from tickets.models import Conversation, Draft, Message, Ticket
from tickets.services import audit
from tickets.services.attachments import attach
from tickets.services.desk import ring_desk
from tickets.services.drafts import approve_draft, send_reply
from tickets.services.handover import take_over
from tickets.services.names import staff_name
from tickets.services.outbox import email_problem
from tickets.states import TransitionError, taken_words

UNDO_SECONDS = 10
LATEST = dt.timedelta(days=60)
Status, Author = OutgoingReply.Status, Message.Author


class CollisionError(ValueError):
    """Somebody replied since the agent looked. `messages` are what the agent has not seen."""

    def __init__(self, text: str, messages: list[Message]) -> None:
        super().__init__(text)
        self.messages = messages


@dataclass(frozen=True)
class Wanted:
    """What an agent wants sent. `seen_seq` is the newest event on the agent's page, `due_at` the
    time to send at (None: after the time to take it back), `sure` says that the agent knows of
    the replies since."""

    text: str
    client_id: str
    seen_seq: int
    draft: Draft | None = None
    due_at: dt.datetime | None = None
    sure: bool = False


@transaction.atomic
def queue_reply(*, ticket: Ticket, agent: User, wanted: Wanted) -> OutgoingReply:
    """Put a reply on its way. The same `client_id` changes nothing.

    Raises CollisionError when a colleague has replied meanwhile, ValueError when it cannot be sent.
    """
    text, now = wanted.text.strip(), timezone.now()
    # No message can come in between what is checked here and what is stored.
    conversation = Conversation.objects.select_for_update().get(pk=ticket.conversation_id)
    known = OutgoingReply.objects.filter(ticket=ticket, client_id=wanted.client_id).first()
    if known is not None:
        return known
    if not text:
        raise ValueError("Write a reply before you send it.")
    if Ticket.objects.get(pk=ticket.pk).status == Ticket.Status.CLOSED:
        raise TransitionError(
            f"Ticket #{ticket.pk} is closed. The customer's next message opens a new one."
        )
    _check_draft(wanted.draft)
    if not wanted.sure:
        _check_collision(ticket, agent, wanted.seen_seq)
        _check_speaker(conversation, agent)
    elif _speaks_instead(conversation, agent):
        take_over(conversation=conversation, agent=agent, instead_of=conversation.agent)
    due = _due(wanted.due_at, now)
    reply = OutgoingReply.objects.create(
        ticket=ticket,
        agent=agent,
        text=text,
        draft=wanted.draft,
        client_id=wanted.client_id,
        seen_seq=_newest_seq(ticket),
        is_later=wanted.due_at is not None,
        due_at=due,
    )
    reply.files.set(unsent_files(ticket, agent))
    forget_text(agent=agent, ticket=ticket, kind=KeptText.Kind.REPLY)
    if reply.is_later:
        audit.record(action="reply.scheduled", target=ticket, actor=agent, due=due.isoformat())
    ring_desk(ticket)
    return reply


def _due(wanted: dt.datetime | None, now: dt.datetime) -> dt.datetime:
    if wanted is None:
        return now + dt.timedelta(seconds=UNDO_SECONDS)
    if wanted <= now:
        raise ValueError("Choose a time that is still to come.")
    if wanted > now + LATEST:
        raise ValueError("Choose a time within the next 60 days.")
    return wanted


def _check_draft(draft: Draft | None) -> None:
    if draft is None:
        return
    if draft.status != Draft.Status.PENDING:
        raise ValueError("This draft is decided already. Send your words as a reply of your own.")
    if OutgoingReply.objects.filter(draft=draft, status=Status.WAITING).exists():
        raise ValueError("A reply from this draft is on its way already.")


def _newest_seq(ticket: Ticket) -> int:
    said = Message.objects.filter(conversation=ticket.conversation_id).order_by("-seq")
    return said.values_list("seq", flat=True).first() or 0


def _check_collision(ticket: Ticket, agent: User, seen_seq: int) -> None:
    """Colleagues' replies since `seen_seq`, sent or on their way, stop this one."""
    unseen = list(
        Message.objects.filter(conversation=ticket.conversation_id, seq__gt=seen_seq)
        .filter(author=Author.AGENT)
        .exclude(agent=agent)
        .select_related("agent")
    )
    if unseen:
        last = unseen[-1].agent
        who = staff_name(last) if last is not None else "A colleague"
        raise CollisionError(f"{who} replied while you were writing.", unseen)
    waiting = ticket.outgoing.filter(status=Status.WAITING, is_later=False).exclude(agent=agent)
    other = waiting.select_related("agent").first()
    if other is not None:
        raise CollisionError(f"A reply of {staff_name(other.agent)} is going out just now.", [])


def _speaks_instead(conversation: Conversation, agent: User) -> bool:
    """Whether another agent has the conversation."""
    is_taken = conversation.state == Conversation.State.AGENT
    return is_taken and conversation.agent_id not in {None, agent.pk}


def _check_speaker(conversation: Conversation, agent: User) -> None:
    if _speaks_instead(conversation, agent):
        raise CollisionError(taken_words(conversation), [])


@transaction.atomic
def take_back(*, reply_id: UUID, agent: User) -> OutgoingReply:
    """Cancel a reply that waits; its words are kept for the agent. Raises ValueError when it is
    sent, or not the agent's."""
    reply = OutgoingReply.objects.select_for_update().filter(pk=reply_id, agent=agent).first()
    if reply is None:
        raise ValueError("This reply is not one of yours.")
    if reply.status == Status.CANCELLED:
        return reply
    if reply.status != Status.WAITING:
        raise ValueError("This reply is sent already.")
    reply.status = Status.CANCELLED
    reply.save(update_fields=["status"])
    _give_back(reply)
    audit.record(action="reply.taken_back", target=reply.ticket, actor=agent)
    return reply


def _give_back(reply: OutgoingReply) -> None:
    keep_text(
        agent=reply.agent,
        ticket=reply.ticket,
        kind=KeptText.Kind.REPLY,
        text=reply.text,
        draft=reply.draft,
    )


def send_due(limit: int = 200) -> int:
    """Send what is due; returns how many were sent."""
    due = OutgoingReply.objects.filter(status=Status.WAITING, due_at__lte=timezone.now())
    return sum(send_one(pk) for pk in due.values_list("pk", flat=True)[:limit])


@transaction.atomic
def send_one(reply_id: UUID) -> bool:
    """Send a reply if it waits and is due; False if it is not, or is held back."""
    reply = (
        OutgoingReply.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("ticket__conversation", "agent", "draft")
        .filter(pk=reply_id, status=Status.WAITING, due_at__lte=timezone.now())
        .first()
    )
    if reply is None:
        return False
    problem = _problem_meanwhile(reply) or _problem_of_files(reply)
    if not problem:
        try:
            with transaction.atomic():
                reply.message = _send(reply)
        except ValueError as error:
            problem = str(error)
    reply.problem = problem[:300]
    reply.status = Status.HELD if problem else Status.SENT
    reply.save(update_fields=["status", "problem", "message"])
    if problem:
        _give_back(reply)
        audit.record(action="reply.held", target=reply.ticket, actor=reply.agent, reason=problem)
    return not problem


def _send(reply: OutgoingReply) -> Message:
    if reply.draft is not None:
        message = approve_draft(draft=reply.draft, agent=reply.agent, text=reply.text)
    else:
        message = send_reply(
            ticket=reply.ticket, agent=reply.agent, text=reply.text, client_id=f"desk-{reply.pk}"
        )
    attach(files=reply.files.all(), to=message, agent=reply.agent)
    return message


def _problem_meanwhile(reply: OutgoingReply) -> str:
    """Why a reply no longer fits what has been said. Who sends later does not see what comes: the
    customer's next words count too."""
    since = Message.objects.filter(
        conversation=reply.ticket.conversation_id, seq__gt=reply.seen_seq
    ).exclude(author__in=[Author.BOT, Author.SYSTEM])
    for message in since.exclude(author=Author.AGENT, agent=reply.agent).select_related("agent"):
        if message.author == Author.CUSTOMER:
            if reply.is_later:
                return "The customer wrote again before your reply was due."
            continue
        who = staff_name(message.agent) if message.agent is not None else "A colleague"
        return f"{who} replied before yours was sent."
    return ""


def _problem_of_files(reply: OutgoingReply) -> str:
    """The customer would read of files that never come."""
    return email_problem(reply.ticket.conversation) if reply.files.exists() else ""
