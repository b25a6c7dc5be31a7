"""Saved replies: who may use which, and what one says on a ticket."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Q, QuerySet

from tickets.models import SavedReply, Ticket
from tickets.services.names import customer_name, display_name
from tickets.variables import fill


def available_replies(agent: AbstractBaseUser) -> QuerySet[SavedReply]:
    """Everybody's, and those of the agent's teams."""
    mine = Q(team=None) | Q(team__members=agent.pk)
    return SavedReply.objects.filter(mine).distinct()


def render(*, saved_reply: SavedReply, ticket: Ticket, agent: AbstractBaseUser | None) -> str:
    """Its text with the values of this ticket, for the agent to send or to edit."""
    return fill(saved_reply.text, values_for(ticket, agent))


def values_for(ticket: Ticket, agent: AbstractBaseUser | None) -> dict[str, str]:
    """Values of tickets.variables.ABOUT; what is not known is empty, and a name that
    is none is not known."""
    customer = ticket.conversation.customer
    name = customer_name(customer.name)
    return {
        "customer.name": name,
        "customer.first_name": name.partition(" ")[0],
        "customer.email": customer.email,
        "ticket.number": str(ticket.pk),
        "ticket.subject": ticket.subject,
        "agent.first_name": (display_name(agent) or "") if agent is not None else "",
    }
