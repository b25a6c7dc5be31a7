"""The facts that conditions of rules are over: those of policies, and the ticket's."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils import timezone

from knowledge.text.quantities import largest_amount
from supportbot.guardrails.policy.facts import Facts, fact
from supportbot.triage.find import triage
from tickets.models import Message, Ticket


@dataclass(frozen=True)
class TicketFacts(Facts):
    """Of a ticket at the moment of something that happened. Of the facts of policies these are
    known: text (the customer's last words), amount, intent, sentiment, urgency, topics, language,
    identity, channel and messages."""

    status: str = fact("new, open, pending, on_hold, solved, closed or reopened", "new")
    priority: str = fact("low, normal, high or urgent", "normal")
    subject: str = fact("what the ticket is about", "")
    category: str = fact("its name; “” if none", "")
    team: str = fact("its name; “” if none", "")
    tags: tuple[str, ...] = fact("names of tags", ())
    assignee: str = fact("the user name; “” if nobody has it", "")
    customer_email: str = fact("the customer's e-mail address; “” if not known", "")
    reply: str = fact("the last words of an agent", "")
    hours_open: float = fact("since the ticket was opened", 0.0)
    hours_in_status: float = fact("since its status changed", 0.0)
    fields: dict[str, str] = dataclasses.field(
        default_factory=dict, metadata={"about": 'custom fields, as in fields["order_number"]'}
    )


# What is worth offering; the rest of the policies' facts is of answers, not of tickets.
OFFERED = (
    "text",
    "amount",
    "intent",
    "sentiment",
    "urgency",
    "topics",
    "language",
    "identity",
    "channel",
    "messages",
    *(one.name for one in dataclasses.fields(TicketFacts) if one.name not in Facts.__annotations__),
)
ABOUT: dict[str, str] = {
    one.name: one.metadata["about"]
    for one in dataclasses.fields(TicketFacts)
    if one.name in OFFERED
}


def messages_of(conversations: Iterable[UUID]) -> dict[UUID, list[Message]]:
    """What customers and agents said in each, in order, in one query."""
    by_people = (Message.Author.CUSTOMER, Message.Author.AGENT)
    found: dict[UUID, list[Message]] = {}
    said = Message.objects.filter(conversation__in=set(conversations), author__in=by_people)
    for message in said.defer("sentences").select_related("triage").order_by("seq"):
        found.setdefault(message.conversation_id, []).append(message)
    return found


def facts_of(ticket: Ticket) -> TicketFacts:
    """The ticket as it is now. What triage has not found out yet is found out here."""
    messages = messages_of([ticket.conversation_id]).get(ticket.conversation_id, [])
    return facts_from(ticket, messages, finds=True)


def facts_from(ticket: Ticket, messages: Sequence[Message], *, finds: bool) -> TicketFacts:
    """The ticket as it is now, after these messages. Without `finds`, what triage has not found
    out stays unknown."""
    of_customer = [one for one in messages if one.author == Message.Author.CUSTOMER]
    last = of_customer[-1] if of_customer else None
    replies = [one.text for one in messages if one.author == Message.Author.AGENT]
    now, customer = timezone.now(), ticket.conversation.customer
    text = last.text if last is not None else ""
    return TicketFacts(
        text=text,
        amount=largest_amount(text),
        identity="signed_in" if customer.external_id else "anonymous",
        channel=_channel(ticket),
        messages=len(of_customer),
        status=ticket.status,
        priority=ticket.get_priority_display().lower(),
        subject=ticket.subject,
        category=ticket.category.name if ticket.category is not None else "",
        team=ticket.team.name if ticket.team is not None else "",
        tags=tuple(sorted(tag.name for tag in ticket.tags.all())),
        assignee=ticket.assignee.get_username() if ticket.assignee is not None else "",
        customer_email=customer.email,
        reply=replies[-1] if replies else "",
        hours_open=(now - ticket.created_at).total_seconds() / 3600,
        hours_in_status=(now - ticket.status_changed_at).total_seconds() / 3600,
        fields={key: _as_text(value) for key, value in ticket.custom_fields.items()},
        **_triaged(last, finds),
    )


def _triaged(message: Message | None, finds: bool) -> dict[str, Any]:
    stored = getattr(message, "triage", None)
    if stored is not None:
        found, intent = stored, stored.known_intent
    elif message is not None and finds:
        found = triage(message.text)
        intent = found.intent
    else:
        return {}
    return {
        "intent": intent,
        "sentiment": found.sentiment,
        "urgency": found.urgency,
        "topics": tuple(found.topics),
        "language": found.language,
    }


def _channel(ticket: Ticket) -> str:
    channel = str(getattr(ticket.conversation, "channel", "chat"))
    return "email" if channel == "email" else "widget"


def _as_text(value: Any) -> str:
    return "true" if value is True else str(value)
