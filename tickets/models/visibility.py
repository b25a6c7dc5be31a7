"""Which rows a person may see: tickets of a private team, and all that hangs on them, are for its
members alone. Every list, count, search and page of agents begins with `visible_to(user)`.

A conversation is hidden with a ticket of it, and a customer when every conversation of theirs is.
Superusers see everything; who is not signed in sees nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from django.apps import apps
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import models
from django.db.models import Exists, OuterRef, Q

if TYPE_CHECKING:
    from tickets.models import Conversation, Team, Ticket

Reader = AbstractBaseUser | AnonymousUser
M = TypeVar("M", bound=models.Model)


def sees_all(user: Reader) -> bool:
    return bool(user.is_active and getattr(user, "is_superuser", False))


def closed_teams(user: Reader) -> models.QuerySet[Team]:
    """The private teams that `user` is no member of."""
    teams = cast("Any", apps.get_model("tickets", "Team"))._base_manager.filter(is_private=True)
    return cast("models.QuerySet[Team]", teams.exclude(members=user.pk))


def hidden_tickets(user: Reader) -> models.QuerySet[Ticket]:
    tickets = cast("Any", apps.get_model("tickets", "Ticket"))._base_manager
    return cast("models.QuerySet[Ticket]", tickets.filter(team__in=closed_teams(user)))


def _conversations() -> models.QuerySet[Conversation]:
    manager = cast("Any", apps.get_model("tickets", "Conversation"))._base_manager
    return cast("models.QuerySet[Conversation]", manager.all())


def hidden_conversations(user: Reader) -> models.QuerySet[Any, Any]:
    """Their ids, for `exclude(conversation__in=…)` on rows of any model."""
    return hidden_tickets(user).values("conversation_id")


def hidden_customers(user: Reader) -> models.QuerySet[Any, Any]:
    """The ids of customers of whom every conversation is hidden."""
    hidden = hidden_conversations(user)
    of_customer = _conversations().filter(customer=OuterRef("customer")).exclude(pk__in=hidden)
    found = _conversations().filter(pk__in=hidden).exclude(Exists(of_customer))
    return found.values("customer_id")


def visible_by(rows: models.QuerySet[M], user: Reader, path: str) -> models.QuerySet[M]:
    """The rows whose conversation, at `path`, the user may see; rows without one are for all."""
    if not user.is_authenticated:
        return rows.none()
    if sees_all(user):
        return rows
    hidden = Q(**{f"{path}__in": hidden_conversations(user)})
    return rows.exclude(hidden)
