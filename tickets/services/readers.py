"""Which agents may see a ticket."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from tickets.models import Ticket


def may_see(ticket: Ticket) -> QuerySet[User]:
    """Agents, and of a private team its members alone."""
    agents = User.objects.with_perm(
        "tickets.view_ticket", backend="django.contrib.auth.backends.ModelBackend"
    ).filter(is_staff=True, is_active=True)
    if ticket.team is not None and ticket.team.is_private:
        return agents.filter(Q(teams=ticket.team) | Q(is_superuser=True)).distinct()
    return agents
