"""Query parameters → values, or a 400 that says how to write them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.utils import timezone
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from knowledge.models import Audience, Collection

MOST_RESULTS = 50
LONGEST_NUMBER = 18  # digits; what is longer fits no column


def read_number(name: str, value: str) -> int:
    """A whole number from 0."""
    if not value.isdecimal() or len(value) > LONGEST_NUMBER:
        raise ValidationError({name: [f"“{name}” is a whole number."]})
    return int(value)


def read_day(value: str | None) -> dt.date:
    """A day; today unless given."""
    try:
        return dt.date.fromisoformat(value) if value else timezone.localdate()
    except ValueError as error:
        raise ValidationError({"as_of": ["Write the day as YYYY-MM-DD."]}) from error


def read_limit(value: str | None) -> int:
    """How many results; 10 unless given."""
    limit = 10 if value is None else read_number("limit", value)
    if not 1 <= limit <= MOST_RESULTS:
        raise ValidationError({"limit": [f"Give a whole number from 1 to {MOST_RESULTS}."]})
    return limit


def read_collection(name: str | None) -> list[int] | None:
    """The ids of the collection with that name; None for all collections."""
    if not name:
        return None
    name = name.replace("\x00", "\N{REPLACEMENT CHARACTER}")  # PostgreSQL has no such character
    found = list(Collection.objects.filter(name=name).values_list("pk", flat=True))
    if not found:
        raise ValidationError({"collection": [f"There is no collection named “{name}”."]})
    return found


def read_audience(value: str | None) -> Audience:
    """As whom to search; staff, who may read everything, unless given."""
    if not value:
        return Audience.INTERNAL
    if value not in Audience.values:
        raise ValidationError({"audience": [f"Give one of: {', '.join(Audience.values)}."]})
    return Audience(value)


def read_status(value: str | None, known: Sequence[str]) -> str:
    """A status that a list is narrowed to; empty for all of them."""
    if value and value not in known:
        raise ValidationError({"status": [f"Give one of: {', '.join(known)}."]})
    return value or ""


def read_filters(request: Request) -> dict[str, str]:
    """The query's parameters, the last of each, as PostgreSQL can read them."""
    given = request.query_params
    return {name: str(given[name]).replace("\x00", "") for name in given}
