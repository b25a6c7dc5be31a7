"""Failed log-ins lock an account for an address; sessions end and are ended."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, cast

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from supportbot.accounts.models import StaffSession
from tickets.models import AuditEntry

pytestmark = pytest.mark.django_db
BrowserOf = Callable[[User], Client]
LOGIN = "/admin/login/"


def attempt(name: str, password: str, **headers: str) -> tuple[int, str]:
    response = Client(**cast(Any, headers)).post(LOGIN, {"username": name, "password": password})
    return response.status_code, response.content.decode()


def lock(name: str, **headers: str) -> None:
    for n in range(5):
        # Another browser each time: they count together.
        attempt(name, "wrong", HTTP_USER_AGENT=f"browser {n}", **headers)


def test_five_wrong_passwords_lock_the_account_for_their_address_and_say_until_when(
    ben: User,
) -> None:
    lock("ben")
    status, page = attempt("ben", "ben")
    assert status == 429
    assert "Try again in 15 minutes, or ask an administrator to unlock it." in page
    assert attempt("ben", "ben", REMOTE_ADDR="192.0.2.7")[0] == 302
    locked = AuditEntry.objects.get(action="account.locked_out")
    assert (locked.object_id, locked.data["address"]) == (str(ben.pk), "127.0.0.1")


def test_a_lock_out_ends_by_itself_and_trying_does_not_make_it_longer(ben: User) -> None:
    lock("ben")
    AccessAttempt.objects.update(attempt_time=timezone.now() - dt.timedelta(minutes=14))
    status, page = attempt("ben", "ben")
    assert (status, "Try again in a minute" in page) == (429, True)
    AccessAttempt.objects.update(attempt_time=timezone.now() - dt.timedelta(minutes=16))
    assert attempt("ben", "ben")[0] == 302


def test_behind_a_proxy_the_visitor_is_locked_out_and_nobody_else(
    ben: User, settings: Settings
) -> None:
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": 1}
    # What comes before the proxy's own entry a visitor wrote.
    lock("ben", HTTP_X_FORWARDED_FOR="198.51.100.1, 203.0.113.9")
    forged = {"HTTP_X_FORWARDED_FOR": "198.51.100.2, 203.0.113.9"}
    assert attempt("ben", "ben", **forged)[0] == 429
    assert attempt("ben", "ben", HTTP_X_FORWARDED_FOR="203.0.113.10")[0] == 302


def test_a_name_that_nobody_has_is_locked_too_and_not_kept() -> None:
    lock("hunter2")
    assert attempt("hunter2", "x")[0] == 429
    kept = str(list(AccessAttempt.objects.values())) + str(list(AuditEntry.objects.values()))
    assert "hunter2" not in kept
    assert "wrong" not in kept


def test_an_administrator_unlocks_and_nobody_else(ben: User, browser_of: BrowserOf) -> None:
    lock("ben")
    chosen = AccessAttempt.objects.first()
    assert chosen is not None
    url = reverse("admin:axes_accessattempt_changelist")
    form = {"action": "unlock", "_selected_action": [chosen.pk]}
    assert browser_of(ben).post(url, form).status_code == 403
    root = User.objects.create_user("root", is_staff=True)
    root.groups.add(Group.objects.get(name="Administrator"))
    browser = browser_of(root)
    page = browser.get(url).content.decode()
    assert "ben" in page
    assert "Lock-outs" in page
    assert "ccess attempt" not in page
    assert browser.post(url, form).status_code == 302
    assert attempt("ben", "ben")[0] == 302
    entry = AuditEntry.objects.get(action="account.unlocked")
    assert (entry.actor, entry.object_id) == (root, str(ben.pk))


# -- Sessions -------------------------------------------------------------------------------------
def shift(**ago: float) -> None:
    for session in StaffSession.objects.all():
        for field, minutes in ago.items():
            moment = getattr(session, field) - dt.timedelta(minutes=minutes)
            StaffSession.objects.filter(pk=session.pk).update(**{field: moment})


@pytest.mark.parametrize(
    ("ago", "status"),
    [
        ({"seen_at": 479}, 200),
        ({"seen_at": 481}, 302),
        ({"began_at": 23 * 60}, 200),
        ({"began_at": 24 * 60 + 1}, 302),
    ],
)
def test_a_session_ends_when_idle_and_when_old(
    ben: User, browser_of: BrowserOf, ago: dict[str, float], status: int
) -> None:
    browser = browser_of(ben)
    assert browser.get("/admin/account/").status_code == 200
    shift(**ago)
    assert browser.get("/admin/account/").status_code == status


def test_a_person_keeps_a_session_alive_and_an_open_page_does_not(
    ben: User, browser_of: BrowserOf
) -> None:
    browser = browser_of(ben)
    shift(seen_at=10)
    before = StaffSession.objects.get().seen_at
    browser.get("/admin/account/", headers={"sec-fetch-mode": "cors"})
    assert StaffSession.objects.get().seen_at == before
    browser.get("/admin/account/", headers={"sec-fetch-mode": "navigate"})
    assert StaffSession.objects.get().seen_at > before


def test_signing_out_everywhere_leaves_this_session_and_those_of_others(
    ben: User, cleo: User, browser_of: BrowserOf
) -> None:
    here, there, hers = browser_of(ben), browser_of(ben), browser_of(cleo)
    page = here.get("/admin/account/").content.decode()
    assert page.count("last used") == 2
    assert "(this session)" in page
    assert here.post("/admin/account/sign-out-everywhere/").status_code == 302
    assert [one.get("/admin/account/").status_code for one in (here, there, hers)] == [
        200,
        302,
        200,
    ]
    entry = AuditEntry.objects.get(action="account.signed_out_everywhere")
    assert (entry.actor, entry.data["sessions"]) == (ben, 1)
