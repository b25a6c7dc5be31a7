"""supportbot.api.visitor_tokens: signed, short-lived, renewable, and of one kind each."""

from __future__ import annotations

import re
import uuid

import pytest
from django.core import signing
from pytest_django import Settings
from rest_framework.test import APIClient

from supportbot.api import visitor_tokens
from tests.api.conftest import as_visitor
from tickets.models import Customer

API = "/api/v1"
TOKEN_CHARACTERS = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # RFC 7230, section 3.2.6


def test_a_visitor_gets_a_token_that_opens_conversations(db: None) -> None:
    response = APIClient().post(f"{API}/visitors/")
    assert response.status_code == 201
    expected = {"visitor_id", "token", "expires_at", "refresh_token", "offers"}
    assert set(response.json()) == expected
    assert as_visitor(response.json()["token"]).get(f"{API}/conversations/").status_code == 200


def test_a_refresh_token_renews_the_same_visitor(db: None) -> None:
    first = APIClient().post(f"{API}/visitors/").json()
    body = {"refresh_token": first["refresh_token"]}
    assert APIClient().post(f"{API}/visitors/", body).json()["visitor_id"] == first["visitor_id"]
    assert Customer.objects.count() == 1


@pytest.mark.parametrize("token", ["", "nonsense", "a~b~c", "é", "x" * 500])
def test_a_refresh_token_that_is_not_ours_begins_a_new_visitor(db: None, token: str) -> None:
    response = APIClient().post(f"{API}/visitors/", {"refresh_token": token})
    assert response.status_code == 201
    assert Customer.objects.count() == 1


def test_a_token_is_one_kind_or_the_other(ada: Customer) -> None:
    tokens = visitor_tokens.issue(ada.pk)
    assert as_visitor(tokens.refresh_token).get(f"{API}/conversations/").status_code == 401
    with pytest.raises(visitor_tokens.BadTokenError):
        visitor_tokens.read_refresh_token(tokens.token)


def test_a_token_may_travel_as_a_websocket_subprotocol() -> None:
    tokens = visitor_tokens.issue(uuid.uuid4())
    for token in (tokens.token, tokens.refresh_token):
        assert re.fullmatch(TOKEN_CHARACTERS, f"token.{token}")


def test_an_expired_token_is_refused_and_its_visitor_can_be_renewed(
    ada: Customer, settings: Settings
) -> None:
    tokens = visitor_tokens.issue(ada.pk)
    settings.VISITOR_TOKEN_SECONDS = -1
    response = as_visitor(tokens.token).get(f"{API}/conversations/")
    assert (response.status_code, response.json()["code"]) == (401, "authentication_failed")
    assert visitor_tokens.read_refresh_token(tokens.refresh_token) == ada.pk
    settings.VISITOR_REFRESH_SECONDS = -1
    with pytest.raises(visitor_tokens.BadTokenError):
        visitor_tokens.read_refresh_token(tokens.refresh_token)


def _swap(text: str, position: int) -> str:
    other = "A" if text[position] != "A" else "B"
    return text[:position] + other + text[position + 1 :]


@pytest.mark.parametrize("position", [0, 20, 60, -30, -1])
def test_a_token_with_one_changed_character_is_refused(ada: Customer, position: int) -> None:
    token = visitor_tokens.issue(ada.pk).token
    changed = _swap(token, position % len(token))
    assert as_visitor(changed).get(f"{API}/conversations/").status_code == 401


def test_a_token_signed_with_another_key_is_refused(ada: Customer) -> None:
    signer = signing.TimestampSigner(key="other", salt="visitor.access", sep="~")
    forged = signer.sign_object(str(ada.pk))
    assert as_visitor(forged).get(f"{API}/conversations/").status_code == 401


def test_the_token_of_a_removed_visitor_is_refused(visitor_api: APIClient, ada: Customer) -> None:
    ada.delete()
    assert visitor_api.get(f"{API}/conversations/").status_code == 401
