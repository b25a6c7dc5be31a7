"""What agents and customers are called."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Q

CUSTOMER_NAME_CHARACTERS = 60
# Addresses, amounts, markup: nobody is called so, and mail programs make links of some.
_NO_NAME = re.compile(r"\bwww\.|[\w-]{2}\.[a-z]{2}|[<>\[\]{}|`*_~#\\@=:;!?\d€£$¥]")
_ASIDE = re.compile(r"\s*\([^)]*\)?")  # such as the company, or what somebody claims to be

_JOINERS = "\u200c\u200d"  # letters of Persian and Indian names need them


def customer_name(name: str) -> str:
    """What a customer is called in a reply; "" for what is no name. Whoever fills in a form can
    write anything there, and have it sent to any address."""
    seen = "".join(c for c in name if unicodedata.category(c) != "Cf" or c in _JOINERS)
    called = " ".join(_ASIDE.sub(" ", seen).split())
    plain = unicodedata.normalize("NFKC", "".join(c for c in called if c not in _JOINERS))
    is_name = len(plain) <= CUSTOMER_NAME_CHARACTERS and not _NO_NAME.search(plain)
    return called if is_name else ""


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
