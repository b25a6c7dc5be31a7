"""Two-factor log-in: set up, asked for, good once, required for roles, reset."""

from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from pytest_django import Settings

from supportbot.accounts import two_factor
from supportbot.accounts.models import StaffSession
from tickets.models import AuditEntry

pytestmark = pytest.mark.django_db
BrowserOf = Callable[[User], Client]
LOGIN, CODE, SET_UP = "/admin/login/", "/admin/account/code/", "/admin/account/two-factor/"


def code_of(user: User, step: int = 0) -> str:
    """What the user's app shows, `step` half minutes from now."""
    totp = TOTP(TOTPDevice.objects.get(user=user).bin_key)
    totp.time = time.time() + 30 * step
    return f"{totp.token():06}"


def turned_on(user: User) -> list[str]:
    two_factor.begin_set_up(user)
    return two_factor.confirm(user, code_of(user, -1))


def after_password(name: str) -> Client:
    client = Client()
    form = {"username": name, "password": name}
    assert client.post(f"{LOGIN}?next=/admin/desk/", form).headers["Location"] == CODE
    return client


def is_in(client: Client) -> bool:
    return client.get("/admin/account/").status_code == 200


def require(settings: Settings, *roles: str) -> None:
    settings.ACCOUNTS = dataclasses.replace(settings.ACCOUNTS, two_factor_roles=roles)


def test_it_is_set_up_with_a_picture_and_shows_recovery_codes_once(
    ben: User, browser_of: BrowserOf
) -> None:
    browser = browser_of(ben)
    page = browser.get(SET_UP).content.decode()
    assert 'src="data:image/svg+xml' in page
    wrong = browser.post(SET_UP, {"code": "000000"}).content.decode()
    assert "not right" in wrong
    assert not two_factor.is_on(ben)
    TOTPDevice.objects.update(throttling_failure_count=0)
    page = browser.post(SET_UP, {"code": code_of(ben)}).content.decode()
    codes = re.findall(r"<code>(\w{5}-\w{5})</code>", page)
    assert len(codes) == 10
    assert codes[0].replace("-", "") not in str(list(StaticToken.objects.values()))
    assert AuditEntry.objects.get(action="account.two_factor_on").actor == ben


def test_the_password_alone_opens_nothing_and_the_code_leads_on(ben: User) -> None:
    turned_on(ben)
    client = after_password("ben")
    assert not is_in(client)
    assert client.get("/api/v1/tickets/").status_code in {401, 403}
    assert "six digits" in client.get(CODE).content.decode()
    assert client.post(CODE, {"code": code_of(ben)}).headers["Location"] == "/admin/desk/"
    assert is_in(client)


def test_a_code_is_good_once(ben: User) -> None:
    recovery = turned_on(ben)[0]
    for code in (code_of(ben), recovery):
        first, second = after_password("ben"), after_password("ben")
        assert first.post(CODE, {"code": code}).status_code == 302
        assert second.post(CODE, {"code": code}).status_code == 200
        assert (is_in(first), is_in(second)) == (True, False)
    assert AuditEntry.objects.get(action="account.recovery_code_used").data == {"left": 9}


def test_wrong_codes_lock_the_account_like_wrong_passwords(ben: User) -> None:
    turned_on(ben)
    client = after_password("ben")
    statuses = [client.post(CODE, {"code": "000000"}).status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 200, 429]
    TOTPDevice.objects.update(throttling_failure_count=0)
    assert client.post(CODE, {"code": code_of(ben)}).status_code == 429
    assert not is_in(client)


def test_a_new_password_or_ten_minutes_end_the_second_step(
    ben: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    turned_on(ben)
    late, changed = after_password("ben"), after_password("ben")
    now = time.time()
    with monkeypatch.context() as patch:
        patch.setattr("supportbot.accounts.second_step.time.time", lambda: now + 601)
        assert late.get(CODE).headers["Location"] == LOGIN
    ben.set_password("another")
    ben.save()
    assert changed.get(CODE).headers["Location"] == LOGIN


def test_a_role_that_must_sets_it_up_before_it_gets_in(ben: User, settings: Settings) -> None:
    require(settings, "Agent")
    ben.groups.add(Group.objects.get(name="Agent"))
    client = after_password("ben")
    assert client.get(CODE).headers["Location"] == SET_UP
    assert client.get(SET_UP).status_code == 200
    assert not is_in(client)
    assert "recovery codes" in client.post(SET_UP, {"code": code_of(ben)}).content.decode()
    assert is_in(client)
    off = client.post("/admin/account/two-factor/off/", {"code": code_of(ben, 1)}, follow=True)
    assert "It stays on" in off.content.decode()
    assert two_factor.is_on(ben)


def test_a_session_from_before_the_rule_ends(
    ben: User, cleo: User, browser_of: BrowserOf, settings: Settings
) -> None:
    ben.groups.add(Group.objects.get(name="Agent"))
    his, hers = browser_of(ben), browser_of(cleo)
    require(settings, "Agent")
    assert (is_in(his), is_in(hers)) == (False, True)
    assert not StaffSession.objects.filter(user=ben).exists()


def test_turning_it_off_takes_a_code(ben: User, browser_of: BrowserOf) -> None:
    turned_on(ben)
    browser = browser_of(ben)
    off = "/admin/account/two-factor/off/"
    browser.post(off, {"code": "000000"})
    assert two_factor.is_on(ben)
    TOTPDevice.objects.update(throttling_failure_count=0)
    browser.post(off, {"code": code_of(ben)})
    assert not two_factor.is_on(ben)


def test_an_administrator_resets_it_which_ends_the_sessions(
    ben: User, browser_of: BrowserOf
) -> None:
    turned_on(ben)
    root = User.objects.create_user("root", is_staff=True)
    root.groups.add(Group.objects.get(name="Administrator"))
    boss = User.objects.create_superuser("boss", password="boss")
    turned_on(boss)
    his = browser_of(ben)
    form: dict[str, Any] = {"action": "reset_two_factor", "_selected_action": [ben.pk, boss.pk]}
    assert browser_of(root).post("/admin/auth/user/", form).status_code == 302
    assert (two_factor.is_on(ben), two_factor.is_on(boss)) == (False, True)
    assert not is_in(his)
    entry = AuditEntry.objects.get(action="account.two_factor_off")
    assert (entry.actor, entry.object_id) == (root, str(ben.pk))
