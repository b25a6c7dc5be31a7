"""Sign-in by OpenID Connect, by a real provider over HTTP: who comes in, and who does not."""

from __future__ import annotations

import dataclasses
import http.client
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from pytest_django import Settings

from supportbot.accounts import two_factor
from tests.accounts.test_two_factor import CODE, LOGIN, code_of, is_in, require, turned_on
from tests.oidc_server import CLIENT_ID, SECRET, Provider, serving
from tickets.models import AuditEntry

pytestmark = pytest.mark.django_db
START = "/admin/account/openid/"


@pytest.fixture(scope="module")
def server() -> Iterator[Provider]:
    with serving() as provider:
        yield provider


@pytest.fixture
def provider(server: Provider, settings: Settings) -> Provider:
    """The sign-in is on; Ben's address is verified."""
    server.reset()
    server.claims = {"sub": "b-1", "email": "Ben@Example.com", "email_verified": True}
    settings.OPENID = dataclasses.replace(
        settings.OPENID, issuer=server.issuer, client_id=CLIENT_ID, secret=SECRET, name="Saucer"
    )
    return server


@pytest.fixture
def ben(ben: User) -> User:
    User.objects.filter(pk=ben.pk).update(email="ben@example.com")
    ben.refresh_from_db()
    return ben


def change(settings: Settings, **fields: Any) -> None:
    settings.OPENID = dataclasses.replace(settings.OPENID, **fields)


def went(client: Client) -> str:
    """Through the provider and back; where the callback leads to."""
    there = client.post(START, {"next": "/admin/desk/"})
    assert there.status_code == 302
    address = urlsplit(there.headers["Location"])
    connection = http.client.HTTPConnection(address.netloc)
    connection.request("GET", f"{address.path}?{address.query}")
    back = connection.getresponse().getheader("Location") or ""
    connection.close()
    found = urlsplit(back)
    assert found.path == f"{START}callback/"
    return client.get(f"{found.path}?{found.query}").headers["Location"]


def said(client: Client) -> str:
    return client.get(LOGIN).content.decode()


def test_it_is_off_until_its_variables_are_set(client: Client) -> None:
    assert "Sign in with" not in said(client)
    assert client.post(START).status_code == client.get(f"{START}callback/").status_code == 404


def test_a_known_user_comes_in_by_the_verified_address_and_then_by_the_subject(
    provider: Provider, ben: User
) -> None:
    client = Client()
    page = client.get(f"{LOGIN}?next=/admin/desk/").content.decode()
    assert "Sign in with Saucer" in page
    assert went(client) == "/admin/desk/"
    assert is_in(client)
    actions = list(AuditEntry.objects.order_by("id").values_list("action", flat=True))
    assert actions == ["account.connected", "account.logged_in"]
    provider.claims["email"] = "ben.new@example.com"  # a new name; the subject stays
    again = Client()
    went(again)
    assert is_in(again) and User.objects.count() == 1


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"sub": "x", "email": "ben@example.com"}, "has not verified your e-mail address"),
        ({"sub": "x", "email": "eve@evil.example", "email_verified": True}, "Nobody here has"),
        ({"sub": "x", "email": "root@other.example", "email_verified": True}, "switched off"),
    ],
)
def test_nobody_else_comes_in_and_is_told_why(
    provider: Provider, ben: User, claims: dict[str, Any], words: str
) -> None:
    User.objects.create_user("root", email="root@other.example")  # no staff
    provider.claims, client = claims, Client()
    assert went(client) == LOGIN
    assert words in said(client)
    assert not is_in(client) and User.objects.count() == 2
    assert AuditEntry.objects.get().action == "account.log_in_failed"


@pytest.mark.parametrize("fault", ["cancelled", "audience", "issuer", "subject", "state"])
def test_what_the_provider_did_not_say_opens_nothing(
    provider: Provider, ben: User, fault: str
) -> None:
    client = Client()
    if fault == "cancelled":
        provider.error = "access_denied"
    elif fault == "subject":
        provider.userinfo = {**provider.claims, "sub": "somebody else"}
    elif fault == "state":
        assert client.get(f"{START}callback/?code=1&state=2").headers["Location"] == LOGIN
        return
    else:
        provider.wrong = {"aud": "another"} if fault == "audience" else {"iss": "https://x"}
    assert went(client) == LOGIN
    assert ("was cancelled" if fault == "cancelled" else "did not work") in said(client)
    assert not is_in(client)


def test_an_address_of_a_named_domain_gets_an_account_with_the_roles_of_its_groups(
    provider: Provider, settings: Settings
) -> None:
    change(settings, domains=("example.com",), roles={"cs": "Agent", "kb": "Publisher"})
    provider.claims |= {"email": "dora@example.com", "given_name": "Dora", "groups": ["cs", "x"]}
    client = Client()
    assert went(client) == "/admin/desk/"
    dora = User.objects.get()
    assert (dora.first_name, dora.is_staff, dora.has_usable_password()) == ("Dora", True, False)
    assert [one.name for one in dora.groups.all()] == ["Agent"]
    dora.groups.add(Group.objects.get(name="Analyst"))  # by hand: stays
    provider.claims["groups"] = "kb"
    went(Client())
    assert {one.name for one in dora.groups.all()} == {"Publisher", "Analyst"}
    entry = AuditEntry.objects.filter(action="account.roles_changed")[0]
    assert entry.data == {"before": ["Agent"], "after": ["Publisher"]}


def test_the_second_factor_is_asked_for_unless_the_provider_asked_for_two(
    provider: Provider, ben: User, settings: Settings
) -> None:
    turned_on(ben)
    client = Client()
    assert went(client) == CODE
    assert not is_in(client)
    assert client.post(CODE, {"code": code_of(ben)}).headers["Location"] == "/admin/desk/"
    assert is_in(client)
    provider.claims["amr"] = ["pwd", "mfa"]
    other = Client()
    assert went(other) == "/admin/desk/"
    require(settings, "all")
    assert is_in(other)
    two_factor.turn_off(user=ben, actor=ben)
    del provider.claims["amr"]
    assert went(Client()) == CODE  # which leads to the set-up


def test_a_locked_out_password_does_not_keep_the_owner_out(provider: Provider, ben: User) -> None:
    guesser = Client()
    for _ in range(6):
        guesser.post(LOGIN, {"username": "ben", "password": "wrong"})
    assert guesser.post(LOGIN, {"username": "ben", "password": "ben"}).status_code == 429
    client = Client()
    went(client)
    assert is_in(client)
