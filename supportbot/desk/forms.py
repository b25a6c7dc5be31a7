"""What the desk's forms carry, and what an action says when it is done."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.db.models import Model, QuerySet
from django.http import QueryDict
from django.utils.dateparse import parse_datetime

from tickets.models import Draft, Ticket

MAX_CHARACTERS = 20_000
M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Done:
    """The words for the agent, and what else the page wants to know."""

    said: str
    more: dict[str, Any] = field(default_factory=dict)


Action = Callable[[Ticket, User, QueryDict], Done]


def text_of(form: QueryDict, name: str = "text") -> str:
    # Browsers send CR LF; a draft that nobody touched must still compare equal.
    text = form.get(name, "").replace("\r\n", "\n").replace("\x00", "")
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"Shorten the text to {MAX_CHARACTERS:,} characters.")
    return text


def draft_of(ticket: Ticket, number: str) -> Draft:
    """The ticket's draft of that number. Raises ValueError."""
    return chosen(ticket.drafts.all(), number, "This draft does not exist any more.")


def moment_of(form: QueryDict, name: str) -> dt.datetime:
    """Raises ValueError unless it is a day and a time with its zone."""
    try:
        moment = parse_datetime(form.get(name, ""))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError("Choose a day and a time.")
    return moment


def chosen(rows: QuerySet[M], number: str, gone: str) -> M:
    """The row of that number. Raises ValueError with the words `gone`."""
    found = rows.filter(pk=number).first() if _is_number(number) else None
    if found is None:
        raise ValueError(gone)
    return found


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < len(str(2**63))
