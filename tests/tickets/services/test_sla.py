"""tickets.services.sla: clocks follow from what was said, and each is warned of once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisCase

from tests.tickets.cast import actions_on, ask, open_ticket
from tickets.models import (
    AuditEntry,
    BusinessCalendar,
    Conversation,
    Customer,
    SlaClock,
    SlaPolicy,
    Ticket,
)
from tickets.services.business_hours import Calendar, working_time_between
from tickets.services.conversations import start_conversation
from tickets.services.details import change_priority
from tickets.services.drafts import send_reply
from tickets.services.handover import request_person
from tickets.services.notices import unseen_notices
from tickets.services.sla import at_risk, status_of
from tickets.services.sla_watch import refresh_open_tickets, watch_clocks
from tickets.services.tickets import assign, change_status
from tickets.tasks import refresh_sla, watch_sla

LONDON = ZoneInfo("Europe/London")
MONDAY = dt.datetime(2026, 6, 29, 9, tzinfo=LONDON)
MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)
Status, Kind = Ticket.Status, SlaClock.Kind


class Time:
    """What the clock shows, until it is moved."""

    def __init__(self, now: dt.datetime) -> None:
        self.now = now

    def __call__(self) -> dt.datetime:
        return self.now

    def passes(self, span: dt.timedelta) -> None:
        self.now += span


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time(MONDAY)
    monkeypatch.setattr("django.utils.timezone.now", time)
    return time


@pytest.fixture
def policy(db: None, time: Time) -> SlaPolicy:
    return SlaPolicy.objects.create(
        name="All", first_reply_minutes=60, next_reply_minutes=30, resolution_minutes=480
    )


@pytest.fixture
def ticket(policy: SlaPolicy, conversation: Conversation) -> Ticket:
    ask(conversation)
    return request_person(conversation=conversation)


def words(ticket: Ticket) -> list[str]:
    return [clock.words for clock in status_of(Ticket.objects.get(pk=ticket.pk))]


def clock_of(ticket: Ticket, kind: str) -> SlaClock:
    return ticket.sla_clocks.filter(kind=kind).latest("pk")


def test_without_a_policy_nothing_is_measured(conversation: Conversation, ben: User) -> None:
    ticket = request_person(conversation=conversation)
    send_reply(ticket=ticket, agent=ben, text="Hello.")
    assert not SlaClock.objects.exists()


def test_a_new_ticket_says_when_its_first_reply_is_due(ticket: Ticket, time: Time) -> None:
    time.passes(48 * MINUTE)
    assert words(ticket) == ["First reply due in 12 min", "Resolution due in 7 h"]
    time.passes(72 * MINUTE)
    assert words(ticket)[0] == "First reply breached 60 min ago"


def test_a_reply_meets_the_first_and_the_wait_for_the_customer_pauses_the_rest(
    ticket: Ticket, ben: User, time: Time
) -> None:
    time.passes(20 * MINUTE)
    send_reply(ticket=ticket, agent=ben, text="Hello.")
    first = clock_of(ticket, Kind.FIRST_REPLY)
    assert (first.met_at, first.breached_at) == (MONDAY + 20 * MINUTE, None)
    time.passes(100 * HOUR)
    assert words(ticket) == ["Resolution paused, 7 h left"]


def test_a_customers_next_message_starts_the_next_clock_and_goes_on_with_the_rest(
    ticket: Ticket, ben: User, time: Time
) -> None:
    send_reply(ticket=ticket, agent=ben, text="Hello.")
    time.passes(24 * HOUR)
    ask(ticket.conversation)
    request_person(conversation=ticket.conversation)
    time.passes(10 * MINUTE)
    ask(ticket.conversation, "Are you there?")
    assert words(ticket) == ["Next reply due in 20 min", "Resolution due in 7 h"]
    send_reply(ticket=ticket, agent=ben, text="Yes.")
    assert clock_of(ticket, Kind.NEXT_REPLY).met_at == time.now
    assert clock_of(ticket, Kind.RESOLUTION).remaining == 8 * HOUR - 10 * MINUTE


def test_on_hold_every_clock_stands(ticket: Ticket, ben: User, time: Time) -> None:
    time.passes(15 * MINUTE)
    change_status(ticket=ticket, status=Status.ON_HOLD, agent=ben)
    time.passes(1000 * HOUR)
    assert words(ticket) == ["First reply paused, 45 min left", "Resolution paused, 7 h left"]
    change_status(ticket=ticket, status=Status.OPEN, agent=ben)
    assert words(ticket)[0] == "First reply due in 45 min"
    assert watch_clocks() == 0


def test_solving_meets_the_resolution_and_a_reopened_ticket_begins_anew(
    ticket: Ticket, ben: User, time: Time
) -> None:
    time.passes(HOUR)
    change_status(ticket=ticket, status=Status.SOLVED, agent=ben)
    assert clock_of(ticket, Kind.RESOLUTION).met_at == time.now
    first = clock_of(ticket, Kind.FIRST_REPLY)
    assert (first.met_at, first.ended_at) == (None, time.now)
    assert words(ticket) == []
    time.passes(24 * HOUR)
    ask(ticket.conversation)
    time.passes(MINUTE)
    request_person(conversation=ticket.conversation)
    assert words(ticket) == ["Next reply due in 30 min", "Resolution due in 8 h"]


def test_time_outside_the_calendars_hours_does_not_count(
    policy: SlaPolicy, conversation: Conversation, time: Time
) -> None:
    policy.calendar = BusinessCalendar.objects.create(name="Office", time_zone="Europe/London")
    policy.calendar.hours.create(weekday=0, opens=dt.time(9), closes=dt.time(17))
    policy.save()
    time.now = MONDAY + 7 * HOUR + 30 * MINUTE
    ticket = request_person(conversation=conversation)
    assert clock_of(ticket, Kind.FIRST_REPLY).due_at == MONDAY + 7 * 24 * HOUR + 30 * MINUTE


def test_the_first_policy_that_fits_counts_and_a_change_of_priority_changes_it(
    ticket: Ticket, ben: User, time: Time
) -> None:
    SlaPolicy.objects.create(
        name="Urgent", position=1, priority=Ticket.Priority.URGENT, first_reply_minutes=25
    )
    time.passes(20 * MINUTE)
    change_priority(ticket=ticket, priority=Ticket.Priority.URGENT, agent=ben)
    assert words(ticket) == ["First reply due in 5 min"]
    change_priority(ticket=ticket, priority=Ticket.Priority.NORMAL, agent=ben)
    assert words(ticket)[0] == "First reply due in 40 min"


def test_a_policy_counts_for_what_begins_after_it_was_made(
    conversation: Conversation, ben: User, time: Time
) -> None:
    ticket = request_person(conversation=conversation)
    time.passes(24 * HOUR)
    SlaPolicy.objects.create(name="Late", first_reply_minutes=5, next_reply_minutes=30)
    assert refresh_open_tickets() == 1
    assert words(ticket) == []
    send_reply(ticket=ticket, agent=ben, text="Hello.")
    ask(conversation)
    assert words(ticket) == ["Next reply paused, 30 min left"]


def test_a_changed_policy_reaches_clocks_that_run(
    ticket: Ticket, policy: SlaPolicy, time: Time
) -> None:
    SlaPolicy.objects.filter(pk=policy.pk).update(first_reply_minutes=90)
    time.passes(50 * MINUTE)
    refresh_sla()
    assert words(ticket)[0] == "First reply due in 40 min"
    SlaPolicy.objects.filter(pk=policy.pk).update(is_active=False)
    refresh_sla()
    assert words(ticket) == []


def test_a_calendar_that_never_opens_does_not_stop_replies(
    policy: SlaPolicy, conversation: Conversation, ben: User
) -> None:
    policy.calendar = BusinessCalendar.objects.create(name="Never")
    policy.save()
    policy.calendar.hours.create(weekday=0, opens=dt.time(9), closes=dt.time(9, 1))
    for number in range(1200):
        policy.calendar.closed_days.create(day=MONDAY.date() + number * dt.timedelta(days=1))
    ticket = request_person(conversation=conversation)
    send_reply(ticket=ticket, agent=ben, text="Hello.")
    assert clock_of(ticket, Kind.FIRST_REPLY).met_at is not None


# -- Warnings --------------------------------------------------------------------------------------
def test_it_is_warned_once_before_and_noted_once_after(
    ticket: Ticket, ben: User, time: Time
) -> None:
    assign(ticket=ticket, assignee=ben, agent=ben)
    assert watch_clocks() == 0
    time.passes(45 * MINUTE)
    assert list(at_risk(Ticket.objects.all())) == [ticket]
    watch_sla()
    assert watch_clocks() == 0
    time.passes(15 * MINUTE)
    assert (watch_clocks(), watch_clocks()) == (1, 0)
    sla = [action for action in actions_on(ticket) if action.startswith("sla.")]
    assert sla == ["sla.warned", "sla.breached"]
    assert [notice.words.split(" on ")[0] for notice in unseen_notices(ben)] == [
        "First reply is overdue",
        "First reply is due soon",
    ]


def test_a_reply_that_comes_late_is_kept_as_late(ticket: Ticket, ben: User, time: Time) -> None:
    time.passes(2 * HOUR)
    send_reply(ticket=ticket, agent=ben, text="Sorry.")
    assert clock_of(ticket, Kind.FIRST_REPLY).breached_at == MONDAY + HOUR
    assert AuditEntry.objects.get(action="sla.met").data == {"clock": "first_reply", "late": True}
    assert watch_clocks() == 0


def test_the_team_of_a_ticket_that_nobody_has_is_told(
    ticket: Ticket, ben: User, time: Time
) -> None:
    team = ben.teams.create(name="Billing")
    Ticket.objects.filter(pk=ticket.pk).update(team=team)
    time.passes(50 * MINUTE)
    watch_clocks()
    assert unseen_notices(ben).count() == 1


# -- The admin -------------------------------------------------------------------------------------
def test_the_list_and_the_page_say_what_is_due(
    ticket: Ticket, ben: User, time: Time, browser_of: Callable[[User], Client]
) -> None:
    browser = browser_of(ben)
    listed = browser.get(reverse("admin:tickets_ticket_changelist")).content.decode()
    assert "First reply due in 60 min" in listed
    opened = browser.get(reverse("desk:open", args=[ticket.pk])).json()
    assert "Resolution due in 8 h" in opened["panels"]["details"]["html"]


def test_the_list_reads_the_clocks_of_all_tickets_at_once(
    ticket: Ticket, ben: User, time: Time, browser_of: Callable[[User], Client]
) -> None:
    browser, url = browser_of(ben), reverse("admin:tickets_ticket_changelist")
    browser.get(url)
    with CaptureQueriesContext(connection) as few:
        browser.get(url)
    for _ in range(5):
        open_ticket()
    with CaptureQueriesContext(connection) as many:
        browser.get(url)
    assert len(many) == len(few)


def test_a_policy_without_a_target_is_refused(
    ben: User, browser_of: Callable[[User], Client]
) -> None:
    form: dict[str, Any] = {"name": "Empty", "position": 1, "warn_minutes": 15, "is_active": "on"}
    url = reverse("admin:tickets_slapolicy_add")
    page = browser_of(ben).post(url, form)
    assert "Give at least one target" in page.content.decode()
    browser_of(ben).post(url, {**form, "first_reply_minutes": 10})
    assert (
        AuditEntry.objects.get(action__startswith="setting.").data["after"]["first_reply_minutes"]
        == 10
    )


# -- Any order of events ---------------------------------------------------------------------------
OFFICE = Calendar(
    time_zone="Europe/London",
    hours=tuple((day, dt.time(9), dt.time(17)) for day in range(5)),
)
_STEPS = ("hold", "open", "pending", "wait")


class AnyOrder(HypothesisCase):
    """Across the night on which the clocks change."""

    @settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
    @given(
        st.lists(
            st.tuples(st.sampled_from(_STEPS), st.integers(1, 40 * 60)), min_size=1, max_size=6
        )
    )
    def test_a_clock_counts_the_working_time_in_which_it_did_not_stand(
        self, steps: list[tuple[str, int]]
    ) -> None:
        time = Time(dt.datetime(2026, 10, 23, 8, tzinfo=LONDON))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("django.utils.timezone.now", time)
            stored = BusinessCalendar.objects.create(name="Office", time_zone="Europe/London")
            for weekday, opens, closes in OFFICE.hours:
                stored.hours.create(weekday=weekday, opens=opens, closes=closes)
            SlaPolicy.objects.create(name="All", resolution_minutes=50_000, calendar=stored)
            agent = User.objects.create_user("ben", is_staff=True)
            ticket = request_person(
                conversation=start_conversation(customer=Customer.objects.create())
            )
            used, stands = dt.timedelta(0), False
            for step, minutes in steps:
                status = {"hold": Status.ON_HOLD, "pending": Status.PENDING, "open": Status.OPEN}
                if step in status:
                    change_status(ticket=ticket, status=status[step], agent=agent)
                    stands = step != "open"
                start = time.now
                time.passes(minutes * MINUTE)
                if not stands:
                    used += working_time_between(OFFICE, start, time.now)
            if stands:
                change_status(ticket=ticket, status=Status.OPEN, agent=agent)
            due = clock_of(ticket, Kind.RESOLUTION).due_at
            assert due is not None
            left = working_time_between(OFFICE, time.now, due)
            assert used + left == 50_000 * MINUTE
