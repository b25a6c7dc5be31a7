"""Working time: is it open, when does it open next, how much of it lies between two moments.

Hours are on the wall clock of the calendar's time zone and time is counted as it passes, so that
a working day on which the clocks change is an hour longer or shorter. Of an hour that comes twice,
it opens at the first and closes at the second; an hour that is left out begins and ends at the
change.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import holidays

from tickets.models import BusinessCalendar

MIDNIGHT = dt.time(0)
DAY = dt.timedelta(days=1)
# A calendar that is not open on any day of so many is never open.
LOOK_AHEAD_DAYS = 1100

Interval = tuple[dt.datetime, dt.datetime]


class NeverOpenError(ValueError):
    """The calendar has no working time in the next years. `str()` is a sentence."""


@dataclass(frozen=True)
class Calendar:
    """`hours` are (weekday, opens, closes); 00:00 closes at the day's end. None at all means
    around the clock. `country` is the holidays library's code; "" for none."""

    name: str = "Always open"
    time_zone: str = "UTC"
    hours: tuple[tuple[int, dt.time, dt.time], ...] = ()
    country: str = ""
    subdivision: str = ""
    closed: frozenset[dt.date] = frozenset()

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def is_always_open(self) -> bool:
        return not self.hours and not self.country and not self.closed


ALWAYS_OPEN = Calendar()


def calendar_of(stored: BusinessCalendar | None) -> Calendar:
    """A stored calendar to count with; without one, the default."""
    if stored is None:
        return default_calendar()
    return Calendar(
        name=stored.name,
        time_zone=stored.time_zone,
        hours=tuple((row.weekday, row.opens, row.closes) for row in stored.hours.all()),
        country=stored.country,
        subdivision=stored.subdivision,
        closed=frozenset(row.day for row in stored.closed_days.all()),
    )


def default_calendar() -> Calendar:
    """What office hours mean where nothing else is set: always open, until somebody sets up a
    default calendar."""
    stored = (
        BusinessCalendar.objects.filter(is_default=True)
        .prefetch_related("hours", "closed_days")
        .first()
    )
    return ALWAYS_OPEN if stored is None else calendar_of(stored)


def is_open(calendar: Calendar, at: dt.datetime) -> bool:
    return calendar.is_always_open or any(
        begins <= at < ends for begins, ends in _intervals_from(calendar, at, days=1)
    )


def next_opening(calendar: Calendar, at: dt.datetime) -> dt.datetime | None:
    """`at` itself while it is open; None when it does not open in the next years."""
    if calendar.is_always_open:
        return at
    for begins, _ in _intervals_from(calendar, at):
        return max(begins, at)
    return None


def add_working_time(calendar: Calendar, at: dt.datetime, span: dt.timedelta) -> dt.datetime:
    """The moment at which `span` of working time has passed since `at`. Raises NeverOpenError."""
    if calendar.is_always_open or span <= dt.timedelta(0):
        return at + max(span, dt.timedelta(0))
    left = span
    days = LOOK_AHEAD_DAYS + 7 * (span // dt.timedelta(hours=1))
    for begins, ends in _intervals_from(calendar, at, days=days):
        start = max(begins, at)
        if ends - start >= left:
            return start + left
        left -= ends - start
    raise NeverOpenError(f"The calendar “{calendar.name}” is not open often enough.")


def working_time_between(calendar: Calendar, start: dt.datetime, end: dt.datetime) -> dt.timedelta:
    """How much working time lies between the two; none when `end` is before `start`."""
    if end <= start:
        return dt.timedelta(0)
    if calendar.is_always_open:
        return end - start
    total = dt.timedelta(0)
    for begins, ends in _intervals_from(calendar, start, days=(end - start).days + 2):
        if begins >= end:
            break
        total += min(ends, end) - max(begins, start)
    return total


def _intervals_from(
    calendar: Calendar, at: dt.datetime, days: int = LOOK_AHEAD_DAYS
) -> Iterator[Interval]:
    """The open times, in order and apart, that end after `at`, of so many days."""
    last: Interval | None = None
    first_day = at.astimezone(calendar.zone).date() - DAY  # its end may reach into the next
    for number in range(days + 2):
        for begins, ends in _intervals_of_day(calendar, first_day + number * DAY):
            if last is not None and begins <= last[1]:
                last = (last[0], max(last[1], ends))
                continue
            if last is not None and last[1] > at:
                yield last
            last = (begins, ends)
    if last is not None and last[1] > at:
        yield last


def _intervals_of_day(calendar: Calendar, day: dt.date) -> list[Interval]:
    if _is_day_off(calendar, day):
        return []
    hours = [
        (opens, closes)
        for weekday, opens, closes in calendar.hours or ((day.weekday(), MIDNIGHT, MIDNIGHT),)
        if weekday == day.weekday()
    ]
    found = []
    for opens, closes in sorted(hours):
        last_day = day + DAY if closes == MIDNIGHT else day
        begins = _moment(dt.datetime.combine(day, opens), calendar.zone, fold=0)
        ends = _moment(dt.datetime.combine(last_day, closes), calendar.zone, fold=1)
        if begins < ends:
            found.append((begins, ends))
    return found


def _is_day_off(calendar: Calendar, day: dt.date) -> bool:
    if day in calendar.closed:
        return True
    return bool(calendar.country) and day in _holidays(calendar.country, calendar.subdivision)


@functools.lru_cache(maxsize=64)
def _holidays(country: str, subdivision: str) -> Any:
    """Days → names; the library fills in a year when one of its days is asked for."""
    return holidays.country_holidays(country, subdiv=subdivision or None)


def _moment(wall: dt.datetime, zone: ZoneInfo, *, fold: int) -> dt.datetime:
    """What the wall clock shows, as a moment in UTC; a time that is left out when the clocks
    change is the moment of the change."""
    moment = wall.replace(tzinfo=zone, fold=fold).astimezone(dt.UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    offsets = [wall.replace(tzinfo=zone, fold=each).utcoffset() for each in (0, 1)]
    known = [offset for offset in offsets if offset is not None]
    before = wall.replace(tzinfo=dt.UTC) - max(known)
    after = wall.replace(tzinfo=dt.UTC) - min(known)
    old = before.astimezone(zone).utcoffset()
    while after - before > dt.timedelta(seconds=1):
        middle = before + (after - before) // 2
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)
