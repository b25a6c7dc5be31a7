"""Which rows a person may see: tickets of a private team, and all that hangs on them, are for its
members alone. Every list, count, search and page of agents begins with `visible_to(user)`.

A conversation is hidden with a ticket of it, or with the one that it follows on until it has one of
its own; a customer when every conversation of theirs is. Superusers see everything; who is not
signed in sees nothing.
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


def hidden_conversations(user: Reader) -> models.QuerySet[Conversation]:
    has_ticket, follows_one = _hidden_by(user, "pk")
    return _conversations().filter(Q(has_ticket) | Q(follows_one))


def _hidden_by(user: Reader, path: str) -> tuple[Exists, Exists]:
    """What hides the conversation at `path`: a ticket of it, or the one that it follows on."""
    followed = _conversations().filter(pk=OuterRef(path), team_before__in=closed_teams(user))
    return Exists(hidden_tickets(user).filter(conversation=OuterRef(path))), Exists(followed)


def hidden_customers(user: Reader) -> models.QuerySet[Any, Any]:
    """The ids of customers of whom every conversation is hidden."""
    seen = visible_by(_conversations(), user, "pk").values("customer")
    return _conversations().exclude(customer__in=seen).values("customer_id")


def visible_by(rows: models.QuerySet[M], user: Reader, path: str) -> models.QuerySet[M]:
    """The rows whose conversation, at `path`, the user may see; rows without one are for all."""
    if not user.is_authenticated:
        return rows.none()
    if sees_all(user):
        return rows
    # One after the other: each is an anti-join then, which “neither … nor” would not be.
    has_ticket, follows_one = _hidden_by(user, path)
    return rows.filter(~has_ticket).filter(~follows_one)
