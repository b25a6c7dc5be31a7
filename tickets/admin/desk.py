"""What the pages of agents read of tickets and conversations."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db.models import QuerySet

from tickets.admin.parts import related_of_parts
from tickets.models import Conversation, Draft, Message, Ticket
from tickets.states import AWAITS_AGENT, TICKET_TRANSITIONS

# In the imperative, as on a button; the words of the status itself stand beside them.
_STATUS_BUTTONS = {
    Ticket.Status.OPEN: "Open",
    Ticket.Status.REOPENED: "Reopen",
    Ticket.Status.PENDING: "Wait for the customer",
    Ticket.Status.ON_HOLD: "Put on hold",
    Ticket.Status.SOLVED: "Solve",
    Ticket.Status.CLOSED: "Close",
}


def waiting_counts(user: User) -> dict[str, int]:
    """Model → how many of its rows that the user sees wait for an agent: the numbers in the
    navigation."""
    drafts = Draft.objects.visible_to(user)
    return {
        "tickets.ticket": Ticket.objects.visible_to(user).filter(status__in=AWAITS_AGENT).count(),
        "tickets.draft": drafts.filter(status=Draft.Status.PENDING).count(),
    }


def status_buttons(ticket: Ticket) -> list[tuple[str, str]]:
    """The statuses that a ticket may go to, with the words of a button."""
    return [
        (status.value, words)
        for status, words in _STATUS_BUTTONS.items()
        if status in TICKET_TRANSITIONS[ticket.status]
    ]


def messages_of(conversation: Conversation) -> QuerySet[Message]:
    return conversation.messages.select_related(
        "agent", "feedback", *related_of_parts()
    ).prefetch_related("attachments")
