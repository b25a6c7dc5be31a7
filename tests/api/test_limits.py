"""supportbot.api.limits: so many requests, then a wait; without Redis none is refused."""

from __future__ import annotations

import uuid

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from supportbot.api import limits
from supportbot.api.limits import seconds_to_wait
from supportbot.visitor_settings import RATE_LIMITS
from tickets.models import Conversation, Customer, Message

API = "/api/v1"


@pytest.fixture(autouse=True)
def _read_anew(settings: Settings) -> None:
    """Rules and the connection are read once per process."""
    settings.RATE_LIMITS = {
        "visitors": "3/hour",
        "unproven": "9/hour",
        "unproven_site": "9/hour",
        "renewals": "5/hour",
        "messages": "2/hour",
        "staff": "4/hour",
    }
    limits._rule.cache_clear()
    limits._limiter.cache_clear()


@pytest.fixture(autouse=True)
def _forget(request: pytest.FixtureRequest) -> None:
    request.addfinalizer(limits._rule.cache_clear)
    request.addfinalizer(limits._limiter.cache_clear)


def test_requests_pass_up_to_the_limit_and_then_have_to_wait() -> None:
    waits = [seconds_to_wait("visitors", "here") for _ in range(4)]
    assert waits[:3] == [0, 0, 0]
    assert 3500 < waits[3] <= 3601


def test_everybody_and_everything_is_counted_apart() -> None:
    for _ in range(4):
        seconds_to_wait("visitors", "here")
    assert seconds_to_wait("visitors", "there") == 0
    assert seconds_to_wait("staff", "here") == 0


def test_without_redis_nobody_is_refused(settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    assert [seconds_to_wait("visitors", "here") for _ in range(6)] == [0] * 6


def test_new_visitors_are_limited_by_address(db: None) -> None:
    codes = [APIClient().post(f"{API}/visitors/").status_code for _ in range(4)]
    assert codes == [201, 201, 201, 429]
    assert Customer.objects.count() == 3
    elsewhere = APIClient(REMOTE_ADDR="192.0.2.7")
    assert elsewhere.post(f"{API}/visitors/").status_code == 201


def test_who_comes_back_is_counted_alone_and_not_with_the_address(db: None) -> None:
    office = [APIClient().post(f"{API}/visitors/").json()["refresh_token"] for _ in range(3)]
    assert APIClient().post(f"{API}/visitors/").status_code == 429
    for token in office:
        codes = [
            APIClient().post(f"{API}/visitors/", {"refresh_token": token}).status_code
            for _ in range(6)
        ]
        assert codes == [201] * 5 + [429]
    assert Customer.objects.count() == 3


def test_a_forged_refresh_token_counts_as_a_new_visitor(db: None) -> None:
    body = {"refresh_token": "nonsense"}
    codes = [APIClient().post(f"{API}/visitors/", body).status_code for _ in range(4)]
    assert codes == [201, 201, 201, 429]


def test_an_office_of_200_browsers_behind_one_address_is_not_refused(
    db: None, settings: Settings
) -> None:
    settings.RATE_LIMITS = RATE_LIMITS
    for _ in range(200):
        first = APIClient().post(f"{API}/visitors/")
        assert first.status_code == 201
        body = {"refresh_token": first.json()["refresh_token"]}
        assert APIClient().post(f"{API}/visitors/", body).status_code == 201


def test_the_addresses_of_one_ipv6_line_are_one(db: None) -> None:
    addresses = [f"2001:db8:0:1::{number}" for number in range(1, 5)]
    codes = [APIClient(REMOTE_ADDR=a).post(f"{API}/visitors/").status_code for a in addresses]
    assert codes == [201, 201, 201, 429]
    other_line = APIClient(REMOTE_ADDR="2001:db8:0:2::1")
    assert other_line.post(f"{API}/visitors/").status_code == 201


def test_messages_are_limited_by_visitor_and_say_how_long_to_wait(
    visitor_api: APIClient, conversation: Conversation
) -> None:
    url = f"{API}/conversations/{conversation.pk}/messages/"
    bodies = [{"text": "Hello", "client_id": str(uuid.uuid4())} for _ in range(3)]
    *_, last = [visitor_api.post(url, body) for body in bodies]
    assert (last.status_code, last.json()["code"]) == (429, "throttled")
    assert int(last["Retry-After"]) > 3500
    assert Message.objects.count() == 2


def test_staff_are_limited_too(staff_api: APIClient) -> None:
    codes = [staff_api.get(f"{API}/audit/").status_code for _ in range(5)]
    assert codes == [200, 200, 200, 200, 429]
