"""Who gets a ticket: in turn or the least busy, of those who are there and have its skills."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from enum import StrEnum

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, User
from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from tickets.models import AgentProfile, Conversation, Tag, Ticket
from tickets.services.availability import agents_there, is_away
from tickets.services.tickets import set_assignee
from tickets.states import DONE, TransitionError

LONG_AGO = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Strategy(StrEnum):
    NONE = "none"  # agents take tickets themselves
    ROUND_ROBIN = "round_robin"
    LEAST_BUSY = "least_busy"


def strategy() -> Strategy:
    """What cannot be is told by `manage.py check`; customers are handed over all the same."""
    wanted = settings.TICKETS["assignment"]
    return Strategy(wanted) if wanted in set(Strategy) else Strategy.NONE


def assign_automatically(locked: Ticket, but: AbstractBaseUser | None = None) -> None:
    """Give a ticket of a locked conversation to somebody, if the settings say so and nobody who is
    there has it. `but` is who does not get it."""
    assignee = locked.assignee
    if strategy() is Strategy.NONE or (assignee is not None and not is_away(assignee)):
        return
    _give(locked, strategy(), actor=None, but=but)


@transaction.atomic
def assign_to_next(*, ticket: Ticket, agent: AbstractBaseUser) -> Ticket:
    """Give a ticket to whoever is best placed now, as `agent` asks. Raises TransitionError when
    nobody is there who could take it."""
    Conversation.objects.select_for_update().get(pk=ticket.conversation_id)
    locked = Ticket.objects.select_for_update().get(pk=ticket.pk)
    wanted = strategy() if strategy() is not Strategy.NONE else Strategy.LEAST_BUSY
    if not _give(locked, wanted, actor=agent, but=None):
        raise TransitionError("Nobody who could take this ticket is there. Choose somebody.")
    return locked


def _give(
    locked: Ticket, by: Strategy, actor: AbstractBaseUser | None, but: AbstractBaseUser | None
) -> bool:
    candidates = _candidates(locked, but)
    if not candidates:
        return False
    profiles = _lock_profiles(candidates)
    turn = {one.user_id: one.last_assigned_at or LONG_AGO for one in profiles}
    busy = _busy(candidates) if by is Strategy.LEAST_BUSY else {}
    chosen = min(candidates, key=lambda one: (busy.get(one.pk, 0), turn[one.pk], one.pk))
    AgentProfile.objects.filter(user=chosen).update(last_assigned_at=timezone.now())
    set_assignee(locked, chosen, actor, by=by.value)
    return True


def _candidates(ticket: Ticket, but: AbstractBaseUser | None) -> list[User]:
    """Those who are there and may take it: of its team, if it has one, and with its skills, if
    anybody there has them."""
    there = agents_there()
    if but is not None:
        there = there.exclude(pk=but.pk)
    if ticket.team_id is not None:
        there = there.filter(teams=ticket.team_id)
    skills = set(
        Tag.objects.filter(tickets=ticket, pk__in=AgentProfile.skills.through.objects.values("tag"))
    )
    able = [one for one in there if skills <= _skills_of(one)] if skills else []
    return able or list(there)


def _skills_of(agent: User) -> set[Tag]:
    return set(Tag.objects.filter(pk__in=AgentProfile.objects.filter(user=agent).values("skills")))


def _lock_profiles(candidates: Sequence[User]) -> list[AgentProfile]:
    """Locked in one order: two tickets at once never go to the same agent because both saw whose
    turn it was."""
    AgentProfile.objects.bulk_create(
        [AgentProfile(user=one) for one in candidates], ignore_conflicts=True
    )
    mine = AgentProfile.objects.filter(user__in=candidates)
    return list(mine.select_for_update().order_by("pk"))


def _busy(candidates: Sequence[User]) -> dict[int, int]:
    """How many tickets that are not done each has."""
    undone = Count("tickets", filter=~Q(tickets__status__in=DONE) & Q(tickets__isnull=False))
    chosen = User.objects.filter(pk__in=[one.pk for one in candidates])
    return dict(chosen.annotate(undone=undone).values_list("pk", "undone"))
