"""Who may work on tickets, and who is there to do it."""

from __future__ import annotations

import datetime as dt

from django.contrib.auth.models import AbstractBaseUser, User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from tickets.models import AgentProfile
from tickets.services import audit

SEEN = dt.timedelta(minutes=5)  # somebody whose desk was open so long ago is there


def agents() -> QuerySet[User]:
    """Those who may work on tickets."""
    everyone = User.objects.with_perm(
        "tickets.change_ticket", backend="django.contrib.auth.backends.ModelBackend"
    )
    return everyone.filter(is_staff=True).order_by("first_name", "username")


def agents_there() -> QuerySet[User]:
    """Those who have not said that they are away."""
    return agents().filter(Q(agent_profile=None) | Q(agent_profile__is_away=False))


def somebody_is_there() -> bool:
    """Whether one of them has the desk open, or has just signed in."""
    since = timezone.now() - SEEN
    seen = Q(agent_profile__seen_at__gte=since) | Q(last_login__gte=since)
    return agents_there().filter(seen).exists()


def note_seen(agent: AbstractBaseUser) -> None:
    """A page of the desk is open; to be said again within SEEN."""
    profiles = AgentProfile.objects.filter(user_id=agent.pk)
    if not profiles.update(seen_at=timezone.now()):
        AgentProfile.objects.get_or_create(user_id=agent.pk, defaults={"seen_at": timezone.now()})


def is_away(agent: AbstractBaseUser) -> bool:
    return AgentProfile.objects.filter(user_id=agent.pk, is_away=True).exists()


@transaction.atomic
def set_away(*, agent: AbstractBaseUser, away: bool, by: AbstractBaseUser) -> None:
    """Say that an agent is away, or back. Does nothing when that is so already."""
    AgentProfile.objects.get_or_create(user_id=agent.pk)
    profile = AgentProfile.objects.select_for_update().get(user_id=agent.pk)
    if profile.is_away == away:
        return
    profile.is_away, profile.away_since = away, timezone.now() if away else None
    profile.save(update_fields=["is_away", "away_since"])
    audit.record(action="agent.left" if away else "agent.came_back", target=profile, actor=by)
