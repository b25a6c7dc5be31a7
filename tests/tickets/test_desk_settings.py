"""The desk's settings in the admin: every change of a form is in the audit log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tickets.models import AuditEntry, BusinessCalendar

ADD = "admin:tickets_businesscalendar_add"


@pytest.fixture
def browser(ben: User, browser_of: Callable[[User], Client]) -> Client:
    return browser_of(ben)


def calendar_form(**fields: Any) -> dict[str, Any]:
    form = {"name": "Office", "time_zone": "Europe/London", "country": "GB", "subdivision": ""}
    for part, rows in {"hours": fields.pop("hours", []), "closed_days": []}.items():
        form |= {f"{part}-TOTAL_FORMS": str(len(rows)), f"{part}-INITIAL_FORMS": "0"}
        for number, row in enumerate(rows):
            form |= {f"{part}-{number}-{name}": value for name, value in row.items()}
    return form | fields


def test_a_calendar_is_set_up_with_its_hours(browser: Client) -> None:
    hours = [{"weekday": "0", "opens": "09:00", "closes": "17:00"}]
    browser.post(reverse(ADD), calendar_form(hours=hours))
    calendar = BusinessCalendar.objects.get()
    assert [str(row) for row in calendar.hours.all()] == ["Monday 09:00-17:00"]
    entry = AuditEntry.objects.get(action="setting.added")
    assert entry.data["after"]["hours"] == ["Monday 09:00-17:00"]
    assert entry.actor_name == "ben"


def test_a_change_is_recorded_with_before_and_after(browser: Client) -> None:
    calendar = BusinessCalendar.objects.create(name="Office", time_zone="UTC", country="GB")
    url = reverse("admin:tickets_businesscalendar_change", args=[calendar.pk])
    browser.post(url, calendar_form())
    entry = AuditEntry.objects.get(action="setting.changed")
    assert (entry.data["before"], entry.data["after"]) == (
        {"time_zone": "UTC"},
        {"time_zone": "Europe/London"},
    )
    browser.post(url, calendar_form())
    assert AuditEntry.objects.filter(action="setting.changed").count() == 1


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("time_zone", "London", "is no time zone"),
        ("country", "XX", "No holidays are known"),
        ("subdivision", "BY", "has no part"),
    ],
)
def test_what_nobody_knows_is_refused_in_words(
    browser: Client, field: str, value: str, words: str
) -> None:
    page = browser.post(reverse(ADD), calendar_form(**{field: value}))
    assert words in page.content.decode()
    assert not BusinessCalendar.objects.exists()


def test_hours_that_end_before_they_begin_are_refused(browser: Client) -> None:
    hours = [{"weekday": "0", "opens": "17:00", "closes": "09:00"}]
    page = browser.post(reverse(ADD), calendar_form(hours=hours))
    assert "It must close after it opens" in page.content.decode()


def test_deleting_is_recorded(browser: Client) -> None:
    calendar = BusinessCalendar.objects.create(name="Office")
    url = reverse("admin:tickets_businesscalendar_delete", args=[calendar.pk])
    browser.post(url, {"post": "yes"})
    assert AuditEntry.objects.get(action="setting.removed").data["name"] == "Office"


def test_the_list_says_whether_it_is_open_now(browser: Client) -> None:
    BusinessCalendar.objects.create(name="Around the clock")
    page = browser.get(reverse("admin:tickets_businesscalendar_changelist"))
    assert "Open" in page.content.decode()


def test_an_outsider_sees_none(eve: User, browser_of: Callable[[User], Client]) -> None:
    assert browser_of(eve).get(reverse(ADD)).status_code == 302
