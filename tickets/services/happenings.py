"""What happens to tickets, told to other apps in the transaction of the change. `tickets` imports
nothing of them, so they register a listener each."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from tickets.models import Message, Ticket


class Happening(StrEnum):
    OPENED = "opened"
    CUSTOMER_WROTE = "customer_wrote"
    AGENT_WROTE = "agent_wrote"
    STATUS_CHANGED = "status_changed"
    EDITED = "edited"
    SLA_WARNED = "sla_warned"
    SLA_BREACHED = "sla_breached"


Listener = Callable[[Happening, Ticket], None]
_listeners: list[Listener] = []
_BY_AUTHOR = {
    Message.Author.CUSTOMER: Happening.CUSTOMER_WROTE,
    Message.Author.AGENT: Happening.AGENT_WROTE,
}


def register_listener(listener: Listener) -> None:
    """Call it with whatever happens; registering it twice calls it once."""
    if listener not in _listeners:
        _listeners.append(listener)


def tell(happening: Happening, ticket: Ticket) -> None:
    """Needs a transaction that locks the ticket's conversation."""
    for listener in _listeners:
        listener(happening, ticket)


def tell_of_message(message: Message) -> None:
    """Of one by the customer or an agent, to the conversation's ticket, where there is one."""
    happening = _BY_AUTHOR.get(Message.Author(message.author))
    if happening is None or not _listeners:
        return
    unclosed = Ticket.objects.exclude(status=Ticket.Status.CLOSED)
    for ticket in unclosed.filter(conversation_id=message.conversation_id):
        tell(happening, ticket)
