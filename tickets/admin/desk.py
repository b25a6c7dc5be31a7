"""What a ticket's page shows, and what is new since it was opened."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet

from tickets.admin.actions import SNOOZE_HOURS
from tickets.admin.audit import trail_of
from tickets.admin.parts import message_parts, related_of_parts
from tickets.models import Conversation, Draft, Event, Message, Rating, Ticket
from tickets.services.availability import agents
from tickets.services.memory import facts_of
from tickets.services.sla import status_of
from tickets.states import AWAITS_AGENT, CONVERSATION_TRANSITIONS, DONE, TICKET_TRANSITIONS

MESSAGE_EVENTS = ("message.created", "answer.completed")

# In the imperative, as on a button; the words of the status itself stand beside them.
_STATUS_BUTTONS = {
    Ticket.Status.OPEN: "Open",
    Ticket.Status.REOPENED: "Reopen",
    Ticket.Status.PENDING: "Wait for the customer",
    Ticket.Status.ON_HOLD: "Put on hold",
    Ticket.Status.SOLVED: "Solve",
    Ticket.Status.CLOSED: "Close",
}


@dataclass(frozen=True)
class News:
    """What happened in a conversation after an event number."""

    seq: int
    messages: list[Message]
    drafts: list[Draft]


def waiting_counts(user: User) -> dict[str, int]:
    """Model → how many of its rows that the user sees wait for an agent: the numbers in the
    navigation."""
    drafts = Draft.objects.visible_to(user)
    return {
        "tickets.ticket": Ticket.objects.visible_to(user).filter(status__in=AWAITS_AGENT).count(),
        "tickets.draft": drafts.filter(status=Draft.Status.PENDING).count(),
    }


def desk_context(ticket: Ticket) -> dict[str, Any]:
    """Everything a ticket's page shows, read at one moment."""
    conversation = ticket.conversation
    drafts = list(drafts_of(ticket))
    pending = [draft for draft in drafts if draft.status == Draft.Status.PENDING]
    return {
        **side_context(ticket),
        "chat": list(messages_of(conversation)),
        "pending": list(reversed(pending)),  # the oldest question first, as they are answered
        "decided": [draft for draft in drafts if draft.status != Draft.Status.PENDING],
        "trail": trail_of(ticket),
        "reply_id": f"reply-{uuid.uuid4()}",
    }


def side_context(ticket: Ticket) -> dict[str, Any]:
    """What stands beside the conversation: the ticket's state, who speaks, and what can be done."""
    conversation = ticket.conversation
    facts = list(facts_of(conversation.pk))
    rating = Rating.objects.filter(ticket=ticket).exclude(score=None).first()
    state = [ticket.status, ticket.assignee_id, conversation.state, conversation.mode]
    state += [conversation.agent_id, str(ticket.snoozed_until), str(rating)]
    state += [fact.pk for fact in facts]
    return {
        "ticket": ticket,
        "conversation": conversation,
        "customer": conversation.customer,
        "status_buttons": [
            (status.value, words)
            for status, words in _STATUS_BUTTONS.items()
            if status in TICKET_TRANSITIONS[ticket.status]
        ],
        "can_take_over": Conversation.State.AGENT in CONVERSATION_TRANSITIONS[conversation.state],
        "can_give_back": Conversation.State.BOT in CONVERSATION_TRANSITIONS[conversation.state],
        "modes": Conversation.Mode.choices,
        "rating": rating,
        "snoozes": SNOOZE_HOURS.items(),
        "can_snooze": ticket.status not in DONE and ticket.snoozed_until is None,
        "facts": facts,
        "clocks": status_of(ticket),
        "message_parts": message_parts(),
        "agents": agents(),
        "side_state": " ".join(map(str, state)),  # another one: drawn anew
    }


def messages_of(conversation: Conversation) -> QuerySet[Message]:
    return conversation.messages.select_related(
        "agent", "feedback", *related_of_parts()
    ).prefetch_related("attachments")


def drafts_of(ticket: Ticket) -> QuerySet[Draft]:
    drafts = ticket.drafts.select_related("question", "decided_by")
    return drafts.prefetch_related("question__joined").order_by("-created_at")


def news_after(ticket: Ticket, seq: int) -> News:
    """Messages behind event `seq`, and the drafts that wait now.

    Events are read rather than messages by time: their numbers commit in order, without a gap.
    """
    events = list(
        Event.objects.filter(
            conversation_id=ticket.conversation_id, seq__gt=seq, type__in=MESSAGE_EVENTS
        ).order_by("seq")
    )
    ids = [event.payload["message"]["id"] for event in events]
    found = {
        str(message.pk): message for message in messages_of(ticket.conversation).filter(pk__in=ids)
    }
    return News(
        seq=events[-1].seq if events else seq,
        messages=[found[pk] for pk in ids if pk in found],
        drafts=list(reversed(drafts_of(ticket).filter(status=Draft.Status.PENDING))),
    )
