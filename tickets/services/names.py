"""What agents are called."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Q


def display_name(agent: AbstractBaseUser) -> str | None:
    """What customers call an agent: the first name; None where none is given. The name to log in
    with is nothing that customers are told."""
    return str(getattr(agent, "first_name", "")).strip() or None


def staff_name(agent: AbstractBaseUser) -> str:
    """What colleagues call an agent."""
    return str(getattr(agent, "first_name", "") or agent.get_username())


def full_name(person: AbstractBaseUser) -> str:
    """What records call a person: there, two may have the same first name."""
    return str(getattr(person, "get_full_name", str)() or person.get_username())


def full_names(ids: Iterable[int | None]) -> dict[int, str]:
    """Of the people with these numbers who are still there, in one query."""
    wanted = {one for one in ids if one is not None}
    if not wanted:
        return {}
    return {one.pk: full_name(one) for one in get_user_model().objects.filter(pk__in=wanted)}


def people_called(words: str) -> list[int]:
    """The numbers of the people in whose name each of the words stands."""
    wanted = Q()
    for word in words.split():
        wanted &= Q(first_name__icontains=word) | Q(last_name__icontains=word)
    return (
        list(get_user_model().objects.filter(wanted).values_list("pk", flat=True)) if wanted else []
    )
