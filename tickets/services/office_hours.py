"""When people are there to answer: the default calendar."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from tickets.services.business_hours import default_calendar, is_open, next_opening


@dataclass(frozen=True)
class Away:
    """Nobody is there until a moment, on the wall clock of the company; None: nobody knows."""

    until: dt.datetime | None
    time_zone: str


def away_at(moment: dt.datetime) -> Away | None:
    """Whether the office is closed at a moment; None while it is open."""
    calendar = default_calendar()
    if is_open(calendar, moment):
        return None
    opening = next_opening(calendar, moment)
    until = opening.astimezone(calendar.zone) if opening is not None else None
    return Away(until, calendar.time_zone)
