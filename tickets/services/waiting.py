"""What a customer who waits for a person is told: place, expected wait, or when people are back.

The expected wait is the median of the newest real waits. Without enough of them, no number is told.
"""

from __future__ import annotations

import datetime as dt
import statistics

from django.utils import timezone, translation
from django.utils.formats import date_format

from tickets.models import Conversation, Wait
from tickets.services.availability import somebody_is_there
from tickets.services.customer_words import words_in
from tickets.services.office_hours import Away, away_at

AWAY = (
    "Our team is away now{back}. You need not stay here: what you write is kept, and a colleague "
    "will reply in this chat then."
)
NOBODY = (
    "Nobody is at the desk at the moment. You need not stay here: what you write is kept, and the "
    "next colleague who is back will reply in this chat."
)
LATELY = "Lately, people have waited {about}."
BACK = {
    "today": " and is back today at {clock}",
    "tomorrow": " and is back tomorrow at {clock}",
    "on": " and is back on {day} at {clock}",
}
FEWEST_WAITS, MOST_WAITS = 5, 50
RECENT = dt.timedelta(days=14)
HALF_MINUTE, HOUR = 30, 3600


def waiting_words(since: dt.datetime, language: str = "") -> str:
    """For a customer who waits since then, and is in the queue already or about to be."""
    now = timezone.now()
    if (away := away_at(now)) is not None:
        return words_in(language, "away", AWAY, back=_back(away, now, language))
    if not somebody_is_there():
        return words_in(language, "nobody", NOBODY)
    wait, place = expected_wait(), _place(place_in_queue(since), language)
    if wait is None:
        return place
    lately = words_in(language, "lately", LATELY, about=_about(wait, language))
    return f"{place} {lately}"


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


def _place(place: int, language: str) -> str:
    if place == 1:
        return words_in(language, "next", "You are the next in line.")
    return words_in(language, "place", "You are number {place} in line.", place=place)


def _about(wait: dt.timedelta, language: str) -> str:
    seconds = wait.total_seconds()
    if seconds < HALF_MINUTE:
        return words_in(language, "less", "less than a minute")
    unit = "minute" if seconds < HOUR else "hour"
    number = (round(seconds / 60) or 1) if seconds < HOUR else round(seconds / HOUR)
    return words_in(language, f"{unit}s", _plural(number, unit), number=number)


def _plural(number: int, unit: str) -> str:
    return f"about {number} {unit}" if number == 1 else f"about {number} {unit}s"


def _back(away: Away, now: dt.datetime, language: str) -> str:
    """Such as “ and is back tomorrow at 09:00 (Europe/London)”."""
    if away.until is None:
        return ""
    today = now.astimezone(away.until.tzinfo).date()
    clock = f"{away.until:%H:%M} ({away.time_zone})"
    days = (away.until.date() - today).days
    key = {0: "today", 1: "tomorrow"}.get(days, "on")
    with translation.override(language or "en"):
        day = date_format(away.until, "l, j F")
    return words_in(language, f"back.{key}", BACK[key], clock=clock, day=day)
