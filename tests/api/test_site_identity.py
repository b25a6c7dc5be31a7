"""Identities that are signed with a site's own secret: on whose pages they count, for how long, and
how often."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from supportbot.widget.models import Site, SiteSecret, UsedIdentity
from supportbot.widget.site_secrets import make_secret, text_of
from tickets.models import AuditEntry, Customer

SHOP, PARTNER = "https://shop.example", "https://partner.example"
INSTALLATION = "a-secret-of-two-servers-and-long-enough"


@pytest.fixture(autouse=True)
def _installation(settings: Settings) -> None:
    settings.IDENTITY_SECRET = INSTALLATION


@pytest.fixture
def shop(db: None) -> Site:
    return Site.objects.create(name="The shop", origins=[SHOP])


@pytest.fixture
def partner(db: None) -> Site:
    return Site.objects.create(name="A partner", origins=[PARTNER])


@pytest.fixture
def dora(db: None) -> User:
    return User.objects.create_superuser("dora", password="dora")


def make(site: Site, by: User, hours: int = 24) -> str:
    newest = site.secrets.first()
    after = newest.pk if newest else None
    return text_of(make_secret(site=site, overlap=dt.timedelta(hours=hours), after=after, by=by))


def signed(secret: str, **claims: Any) -> str:
    return jwt.encode(
        {"sub": "4711", "exp": int(time.time()) + 600, **claims}, secret, algorithm="HS256"
    )


def sign_in(token: str, origin: str = SHOP, **body: str) -> Any:
    headers = {"Origin": origin} if origin else {}
    return APIClient().post("/api/v1/visitors/", {"identity": token, **body}, headers=headers)


def reason(token: str, origin: str = SHOP, **body: str) -> str:
    response = sign_in(token, origin, **body)
    if response.status_code == 201:
        return "taken"
    said = response.json()
    assert (response.status_code, said["code"]) == (403, "identity_refused")
    assert said["detail"].endswith(".")
    return str(said["reason"])


def test_a_sites_secret_counts_on_its_own_pages(shop: Site, partner: Site, dora: User) -> None:
    token = signed(make(shop, dora))
    assert [reason(token, origin) for origin in (SHOP, "", PARTNER)] == [
        *("taken", "taken", "wrong_site"),
    ]
    # The installation's secret goes on counting everywhere.
    assert reason(signed(INSTALLATION), PARTNER) == "taken"
    assert reason(signed("of-nobody-whom-these-servers-know-at-all")) == "wrong_secret"
    Site.objects.filter(pk=shop.pk).update(is_online=False)
    assert reason(token) == "wrong_secret"


def test_the_old_secret_counts_as_long_as_was_chosen(shop: Site, dora: User) -> None:
    old, new = make(shop, dora), make(shop, dora)
    assert [reason(signed(each)) for each in (old, new)] == ["taken", "taken"]
    before = shop.secrets.last()
    assert before is not None and before.ends_at is not None
    assert before.ends_at - timezone.now() > dt.timedelta(hours=23)
    SiteSecret.objects.filter(pk=before.pk).update(ends_at=timezone.now())
    assert [reason(signed(each)) for each in (old, new)] == ["wrong_secret", "taken"]
    newest = make(shop, dora, hours=0)
    assert [reason(signed(each)) for each in (new, newest)] == ["wrong_secret", "taken"]


def test_an_identity_counts_once_where_the_site_wants_it(shop: Site, dora: User) -> None:
    secret = make(shop, dora)
    assert [reason(signed(secret, jti="a")) for _ in range(2)] == ["taken", "taken"]
    Site.objects.filter(pk=shop.pk).update(takes_identities_once=True)
    assert reason(signed(secret)) == "no_jti"
    assert [reason(signed(secret, jti="b")) for _ in range(2)] == ["taken", "replayed"]
    sessions = ["tab-1", "tab-1", "tab-2", ""]
    assert [reason(signed(secret, jti="c"), session=each) for each in sessions] == [
        *("taken", "taken", "replayed", "replayed"),
    ]
    # What was refused for another reason is not used up, and what has expired is forgotten.
    assert reason(signed(secret, jti="d", audience="internal")) == "claim"
    UsedIdentity.objects.update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    assert reason(signed(secret, jti="d")) == "taken"
    assert UsedIdentity.objects.count() == 1


def test_an_identity_is_not_used_up_by_a_request_too_many(
    shop: Site, dora: User, settings: Settings
) -> None:
    Site.objects.filter(pk=shop.pk).update(takes_identities_once=True)
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "renewals": "1/minute"}
    secret = make(shop, dora)
    assert reason(signed(secret, jti="a")) == "taken"
    assert sign_in(signed(secret, jti="b")).status_code == 429
    assert UsedIdentity.objects.count() == 1


def test_clocks_may_differ_by_a_minute(shop: Site, dora: User) -> None:
    secret, now = make(shop, dora), int(time.time())
    skewed = [{"exp": now - 50}, {"iat": now + 50, "nbf": now + 50}]
    assert [reason(signed(secret, **claims)) for claims in skewed] == ["taken", "taken"]
    apart = [{"exp": now - 70}, {"iat": now + 90}, {"nbf": now + 90}]
    assert [reason(signed(secret, **claims)) for claims in apart] == [
        *("expired", "not_yet_valid", "not_yet_valid"),
    ]


def test_each_fault_has_a_reason_of_its_own(shop: Site, dora: User, settings: Settings) -> None:
    secret, now = make(shop, dora), int(time.time())
    assert reason("nonsense") == "malformed"
    assert reason(jwt.encode({"sub": "1"}, secret)) == "claim"
    assert reason(signed(secret, sub="site:1:4711")) == "claim"
    assert reason(signed(secret, exp=now + 10**6)) == "too_long"
    assert reason(signed(secret, iat=now - 10**6)) == "too_old"
    settings.IDENTITY_SECRET = ""
    shop.secrets.all().delete()
    assert reason(signed(secret)) == "no_secret"


def test_a_site_may_have_customers_of_its_own(shop: Site, partner: Site, dora: User) -> None:
    Site.objects.filter(pk=partner.pk).update(has_own_customers=True)
    ours, theirs = signed(make(shop, dora)), signed(make(partner, dora))
    assert [reason(ours), reason(theirs, PARTNER), reason(theirs, "")] == ["taken"] * 3
    known = set(Customer.objects.values_list("external_id", flat=True))
    assert known == {"4711", f"site:{partner.pk.hex}:4711"}


def test_a_secret_is_made_and_changed_in_the_admin_and_shown_once(
    browser_of: Callable[[User], Client], dora: User, ben: User, shop: Site
) -> None:
    new = reverse("admin:widget_site_secret", args=[shop.pk])
    end = reverse("admin:widget_site_secret_end", args=[shop.pk])
    change = reverse("admin:widget_site_change", args=[shop.pk])
    assert [browser_of(ben).post(each).status_code for each in (new, end)] == [403, 403]
    browser = browser_of(dora)
    assert "no secret of its own" in browser.get(change).content.decode()
    assert shop.secrets.count() == 0  # a link that a browser follows by itself makes none
    browser.get(new)
    first = browser.post(new)
    made = shop.secrets.get()
    assert text_of(made) in first.content.decode()
    assert "no-store" in first["Cache-Control"]
    assert text_of(made) not in browser.get(change).content.decode()
    # Sent twice, the form makes one secret.
    for _ in range(2):
        browser.post(new, {"hours": "24", "after": made.pk})
    assert shop.secrets.count() == 2
    assert "End the old ones now" in browser.get(change).content.decode()
    assert "Keep them" in browser.get(end).content.decode()
    assert reason(signed(text_of(made))) == "taken"
    browser.post(end)
    assert reason(signed(text_of(made))) == "wrong_secret"
    entries = AuditEntry.objects.filter(action__startswith="site.secret").order_by("pk")
    assert [(entry.action, entry.actor) for entry in entries] == [
        ("site.secret_made", dora),
        ("site.secret_made", dora),
        ("site.secrets_ended", dora),
    ]
    assert all("sbid_" not in str(entry.data) for entry in entries)
