"""tickets.services.business_hours: working time, right when the clocks change."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickets.models import BusinessCalendar
from tickets.services.business_hours import (
    ALWAYS_OPEN,
    Calendar,
    NeverOpenError,
    add_working_time,
    calendar_of,
    default_calendar,
    is_open,
    next_opening,
    working_time_between,
)

LONDON = ZoneInfo("Europe/London")
NINE, FIVE, MIDNIGHT = dt.time(9), dt.time(17), dt.time(0)
OFFICE = Calendar(
    name="Office",
    time_zone="Europe/London",
    hours=tuple((day, NINE, FIVE) for day in range(5)),
    country="GB",
    subdivision="ENG",
    closed=frozenset({dt.date(2026, 7, 1)}),
)
HOUR, MINUTE = dt.timedelta(hours=1), dt.timedelta(minutes=1)


def london(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=LONDON)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (london(2026, 6, 30, 9), True),
        (london(2026, 6, 30, 8, 59), False),
        (london(2026, 6, 30, 17), False),
        (london(2026, 6, 27, 12), False),  # a Saturday
        (london(2026, 7, 1, 12), False),  # closed by the company
        (london(2026, 12, 25, 12), False),  # Christmas, a Friday
        (london(2026, 12, 28, 12), False),  # Boxing Day, observed on the Monday
    ],
)
def test_it_is_open_in_its_hours_and_on_no_day_off(at: dt.datetime, expected: bool) -> None:
    assert is_open(OFFICE, at) is expected


def test_the_next_opening_skips_the_night_the_weekend_and_holidays() -> None:
    assert next_opening(OFFICE, london(2026, 6, 29, 7)) == london(2026, 6, 29, 9)
    assert next_opening(OFFICE, london(2026, 12, 24, 18)) == london(2026, 12, 29, 9)
    assert next_opening(OFFICE, london(2026, 6, 29, 10)) == london(2026, 6, 29, 10)


def test_working_time_runs_over_nights_and_weekends() -> None:
    friday = london(2026, 6, 26, 16, 30)
    assert add_working_time(OFFICE, friday, HOUR) == london(2026, 6, 29, 9, 30)
    assert working_time_between(OFFICE, friday, london(2026, 6, 29, 9, 30)) == HOUR


def test_a_night_shift_is_an_hour_shorter_or_longer_when_the_clocks_change() -> None:
    nights = Calendar(time_zone="Europe/London", hours=((6, MIDNIGHT, dt.time(6)),))
    spring, autumn = london(2026, 3, 29), london(2026, 10, 25)
    assert working_time_between(nights, spring, spring + 24 * HOUR) == 5 * HOUR
    assert working_time_between(nights, autumn, autumn + 24 * HOUR) == 7 * HOUR


def test_an_opening_in_the_hour_that_is_left_out_is_at_the_change() -> None:
    early = Calendar(time_zone="Europe/London", hours=((6, dt.time(1, 30), dt.time(3)),))
    assert next_opening(early, london(2026, 3, 28, 12)) == london(2026, 3, 29, 2)


def test_hours_that_overlap_or_touch_count_once() -> None:
    both = ((0, NINE, dt.time(13)), (0, dt.time(12), FIVE), (0, FIVE, dt.time(18)))
    calendar = Calendar(hours=both)
    monday = dt.datetime(2026, 6, 29, tzinfo=dt.UTC)
    assert working_time_between(calendar, monday, monday + 24 * HOUR) == 9 * HOUR


def test_without_hours_it_is_open_around_the_clock_but_not_on_holidays() -> None:
    calendar = Calendar(country="GB")
    assert is_open(calendar, dt.datetime(2026, 6, 28, 3, tzinfo=dt.UTC))
    assert not is_open(calendar, dt.datetime(2026, 12, 25, 12, tzinfo=dt.UTC))


def test_a_calendar_that_never_opens_says_so() -> None:
    never = Calendar(name="Gone", hours=((0, NINE, NINE),))
    assert next_opening(never, london(2026, 6, 29)) is None
    with pytest.raises(NeverOpenError, match="Gone"):
        add_working_time(never, london(2026, 6, 29), HOUR)


def test_without_a_default_calendar_it_is_always_open(db: None) -> None:
    BusinessCalendar.objects.create(name="Other")
    assert default_calendar() == ALWAYS_OPEN
    assert is_open(default_calendar(), london(2026, 12, 25, 3))


def test_the_default_calendar_is_the_one_marked_as_such(db: None) -> None:
    stored = BusinessCalendar.objects.create(
        name="Office", time_zone="Europe/London", country="GB", is_default=True
    )
    stored.hours.create(weekday=0, opens=NINE, closes=FIVE)
    stored.closed_days.create(day=dt.date(2026, 7, 6))
    calendar = default_calendar()
    assert calendar == calendar_of(stored)
    assert next_opening(calendar, london(2026, 7, 1)) == london(2026, 7, 13, 9)


# -- Properties: over any hours, in zones whose clocks change, around the days on which they do ----
_zones = st.sampled_from(
    ["Europe/London", "America/New_York", "Australia/Sydney", "America/Sao_Paulo", "UTC"]
)
_changes = st.sampled_from(
    [
        dt.datetime(2026, 3, 29, tzinfo=dt.UTC),
        dt.datetime(2026, 10, 25, tzinfo=dt.UTC),
        dt.datetime(2026, 11, 1, tzinfo=dt.UTC),
        dt.datetime(2026, 3, 8, tzinfo=dt.UTC),
        dt.datetime(2026, 4, 4, tzinfo=dt.UTC),
        dt.datetime(2026, 10, 3, tzinfo=dt.UTC),
        dt.datetime(2018, 11, 4, tzinfo=dt.UTC),  # at midnight, in São Paulo
        dt.datetime(2026, 7, 1, tzinfo=dt.UTC),
    ]
)


@st.composite
def _hours(draw: st.DrawFn) -> tuple[tuple[int, dt.time, dt.time], ...]:
    rows = []
    for day in draw(st.sets(st.integers(0, 6), min_size=1)):
        opens = draw(st.integers(0, 23))
        closes = draw(st.integers(opens + 1, 24))
        rows.append((day, dt.time(opens), dt.time(closes % 24)))
    return tuple(rows)


_calendars = st.builds(Calendar, time_zone=_zones, hours=_hours())
_minutes = st.integers(-3 * 24 * 60, 3 * 24 * 60)


def shown_open(calendar: Calendar, at: dt.datetime) -> bool:
    """What the clock on the wall says: the plainest reading of the hours."""
    wall = at.astimezone(calendar.zone)
    return any(
        day == wall.weekday() and opens <= wall.time() and (wall.time() < closes or not closes.hour)
        for day, opens, closes in calendar.hours
    )


@settings(deadline=None, max_examples=60)
@given(_calendars, _changes, _minutes)
def test_it_is_open_when_the_clock_on_the_wall_says_so(
    calendar: Calendar, change: dt.datetime, minutes: int
) -> None:
    at = change + minutes * MINUTE
    assert is_open(calendar, at) is shown_open(calendar, at)


@settings(deadline=None, max_examples=40)
@given(_calendars, _changes, _minutes, st.integers(0, 3 * 24))
def test_working_time_is_the_sum_of_the_open_half_hours(
    calendar: Calendar, change: dt.datetime, minutes: int, halves: int
) -> None:
    start = change + (minutes // 30) * 30 * MINUTE
    moments = [start + number * 30 * MINUTE for number in range(halves)]
    expected = sum(shown_open(calendar, at) for at in moments) * 30 * MINUTE
    assert working_time_between(calendar, start, start + halves * 30 * MINUTE) == expected


@settings(deadline=None, max_examples=60)
@given(_calendars, _changes, _minutes, st.integers(1, 5000))
def test_adding_working_time_and_counting_it_agree(
    calendar: Calendar, change: dt.datetime, minutes: int, span: int
) -> None:
    start = change + minutes * MINUTE
    due = add_working_time(calendar, start, span * MINUTE)
    assert working_time_between(calendar, start, due) == span * MINUTE
    assert working_time_between(calendar, start, due - MINUTE) < span * MINUTE
    assert is_open(calendar, due - dt.timedelta(microseconds=1))


@settings(deadline=None, max_examples=60)
@given(_calendars, _changes, _minutes, st.integers(0, 9000), st.integers(0, 9000))
def test_working_time_adds_up(
    calendar: Calendar, change: dt.datetime, minutes: int, first: int, second: int
) -> None:
    start = change + minutes * MINUTE
    middle = start + first * MINUTE
    end = middle + second * MINUTE
    parts = working_time_between(calendar, start, middle) + working_time_between(
        calendar, middle, end
    )
    assert working_time_between(calendar, start, end) == parts


@settings(deadline=None, max_examples=60)
@given(_calendars, _changes, _minutes)
def test_nothing_is_open_between_now_and_the_next_opening(
    calendar: Calendar, change: dt.datetime, minutes: int
) -> None:
    at = change + minutes * MINUTE
    opens = next_opening(calendar, at)
    assert opens is not None
    assert is_open(calendar, opens)
    assert working_time_between(calendar, at, opens) == dt.timedelta(0)
