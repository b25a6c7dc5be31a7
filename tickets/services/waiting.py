"""What a customer who waits for a person is told: place, expected wait, or when people are back.

The expected wait is the median of the newest real waits. Without enough of them, no number is told.
"""

from __future__ import annotations

import datetime as dt
import statistics

from django.utils import timezone
from django.utils.formats import date_format

from tickets.models import Conversation, Wait
from tickets.services.availability import somebody_is_there
from tickets.services.office_hours import Away, away_at

FEWEST_WAITS, MOST_WAITS = 5, 50
RECENT = dt.timedelta(days=14)
HALF_MINUTE, HOUR = 30, 3600


def waiting_words(since: dt.datetime) -> str:
    """For a customer who waits since then, and is in the queue already or about to be."""
    now = timezone.now()
    if (away := away_at(now)) is not None:
        return (
            f"Our team is away now{_back(away, now)}. You need not stay here: what you write is "
            "kept, and a colleague will reply in this chat then."
        )
    if not somebody_is_there():
        return (
            "Nobody is at the desk at the moment. You need not stay here: what you write is kept, "
            "and the next colleague who is back will reply in this chat."
        )
    wait = expected_wait()
    expected = f" Lately, people have waited {_about(wait)}." if wait is not None else ""
    return f"{_place(place_in_queue(since))}{expected}"


def is_nobody_there() -> bool:
    """Whether who waits now had better not stay."""
    return away_at(timezone.now()) is not None or not somebody_is_there()


def place_in_queue(since: dt.datetime) -> int:
    """1 for the customer who has waited longest."""
    earlier = Conversation.objects.filter(
        state=Conversation.State.WAITING, waiting_since__lt=since
    ).count()
    return earlier + 1


def expected_wait() -> dt.timedelta | None:
    """The median of the newest waits that began while somebody was there; None if they are few."""
    newest = Wait.objects.filter(in_office_hours=True, ended_at__gt=timezone.now() - RECENT)
    spans = newest.order_by("-ended_at").values_list("began_at", "ended_at")[:MOST_WAITS]
    waits = [(ended - began).total_seconds() for began, ended in spans]
    if len(waits) < FEWEST_WAITS:
        return None
    return dt.timedelta(seconds=statistics.median(waits))


def _place(place: int) -> str:
    if place == 1:
        return "You are the next in line."
    return f"You are number {place} in line."


def _about(wait: dt.timedelta) -> str:
    seconds = wait.total_seconds()
    if seconds < HALF_MINUTE:
        return "less than a minute"
    if seconds < HOUR:
        return _plural(round(seconds / 60) or 1, "minute")
    return _plural(round(seconds / HOUR), "hour")


def _plural(number: int, unit: str) -> str:
    return f"about {number} {unit}" if number == 1 else f"about {number} {unit}s"


def _back(away: Away, now: dt.datetime) -> str:
    """Such as “ and is back tomorrow at 09:00 (Europe/London)”."""
    if away.until is None:
        return ""
    today = now.astimezone(away.until.tzinfo).date()
    clock = f"{away.until:%H:%M} ({away.time_zone})"
    days = (away.until.date() - today).days
    named = {0: "today", 1: "tomorrow"}.get(days) or f"on {date_format(away.until, 'l, j F')}"
    return f" and is back {named} at {clock}"
