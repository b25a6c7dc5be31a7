"""What single agents are told on the desk, and what they have seen of it."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet
from django.utils import timezone

from tickets.models import AgentNotice, Ticket
from tickets.services.desk import ring_desk

Kind = AgentNotice.Kind


def tell_agents(
    *, agents: Iterable[AbstractBaseUser], ticket: Ticket, kind: str, words: str
) -> None:
    """Leave each a notice, and ring the desk once the transaction commits."""
    rows = [
        AgentNotice(agent_id=agent.pk, ticket=ticket, kind=Kind(kind), words=words[:300])
        for agent in agents
    ]
    if rows:
        AgentNotice.objects.bulk_create(rows)
        ring_desk(ticket)


def unseen_notices(agent: AbstractBaseUser) -> QuerySet[AgentNotice]:
    """Newest first."""
    notices = AgentNotice.objects.filter(agent_id=agent.pk, seen_at=None)
    return notices.select_related("ticket")


def mark_notices_seen(*, agent: AbstractBaseUser, ticket: Ticket) -> int:
    """The agent has looked at the ticket; returns how many notices that has settled."""
    unseen = AgentNotice.objects.filter(agent_id=agent.pk, ticket=ticket, seen_at=None)
    return unseen.update(seen_at=timezone.now())
