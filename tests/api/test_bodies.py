"""supportbot.api.bodies: how much a request may carry, before a real server reads it."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from django.conf import settings as configured
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings
from rest_framework.authtoken.models import Token

from supportbot.api import visitor_tokens
from tickets.models import Conversation, Customer

pytestmark = pytest.mark.django_db(transaction=True)

MEGABYTE = 1024 * 1024
VISITORS = "/api/v1/visitors/"


@pytest.fixture(autouse=True)
def _small_limits(settings: Settings) -> None:
    settings.REQUEST_MAX_BYTES = 64 * 1024
    settings.UPLOAD_REQUEST_MAX_BYTES = 2 * MEGABYTE


def in_pieces(megabytes: int) -> Iterator[bytes]:
    """A body without a Content-Length."""
    for _ in range(megabytes * 16):
        yield b" " * (MEGABYTE // 16)


class Wire:
    """A connection that shows how much the server took before it answered."""

    def __init__(self, server: str) -> None:
        parts = urlsplit(server)
        self.connection = socket.create_connection((parts.hostname, parts.port), timeout=10)

    def send(self, *lines: str) -> None:
        self.connection.sendall("\r\n".join([*lines, "", ""]).encode())

    def status(self) -> int:
        return int(self.connection.recv(4096).split(b" ")[1])


def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_sent(server: str) -> None:
    wire = Wire(server)
    wire.send(f"POST {VISITORS} HTTP/1.1", "Host: localhost", f"Content-Length: {100 * MEGABYTE}")
    assert wire.status() == 413


def test_a_body_that_does_not_say_how_large_it_is_is_cut_off_at_the_limit(server: str) -> None:
    wire = Wire(server)
    wire.send(f"POST {VISITORS} HTTP/1.1", "Host: localhost", "Transfer-Encoding: chunked")
    piece = b" " * 1024
    for _ in range(65):
        wire.connection.sendall(b"400\r\n" + piece + b"\r\n")
    # The end of the body has not come, and never will.
    assert wire.status() == 413


def test_the_refusal_says_what_is_allowed(server: str) -> None:
    response = httpx.post(f"{server}{VISITORS}", content=b" " * 65 * 1024)
    assert response.status_code == 413
    assert response.json() == {
        "code": "body_too_large",
        "detail": "Send at most 64 KB at once.",
        "fields": {},
    }
    assert Customer.objects.count() == 0


def test_a_body_of_the_limits_size_is_served(server: str) -> None:
    body = json.dumps({"refresh_token": ""}).ljust(64 * 1024)
    headers = {"Content-Type": "application/json"}
    assert httpx.post(f"{server}{VISITORS}", content=body, headers=headers).status_code == 201


def test_staff_upload_what_visitors_may_not_send(server: str, cleo: User) -> None:
    token = Token.objects.create(user=cleo).key
    url, headers = f"{server}/api/v1/documents/", {"Authorization": f"Token {token}"}
    files = {"file": ("rules.txt", b"Rules. " * (MEGABYTE // 7))}
    assert httpx.post(url, files=files, headers=headers, timeout=30).status_code < 300
    files = {"file": ("rules.txt", b" " * 3 * MEGABYTE)}
    # A client that does not listen while it sends may find the connection closed instead.
    with contextlib.suppress(httpx.TransportError):
        assert httpx.post(url, files=files, headers=headers, timeout=30).status_code == 413


def test_an_admin_session_is_staff_too(server: str, cleo: User, browser_of: object) -> None:
    client = Client()
    client.force_login(cleo)
    key = client.cookies[configured.SESSION_COOKIE_NAME].value
    cookies = {configured.SESSION_COOKIE_NAME: key}
    # Without the form's token Django refuses it, but only after it was let in.
    body = b" " * MEGABYTE
    assert httpx.post(f"{server}/admin/", content=body, cookies=cookies).status_code == 403


@pytest.mark.parametrize("path", ["/admin/login/", "/api/v1/documents/", VISITORS])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Token nobody"},
        {"Authorization": "Bearer x"},
        {"Cookie": "sessionid=x"},
    ],
)
def test_who_is_not_staff_has_the_small_limit_everywhere(
    server: str, path: str, headers: dict[str, str]
) -> None:
    response = httpx.post(f"{server}{path}", content=b" " * 100 * 1024, headers=headers)
    assert response.status_code == 413


@pytest.mark.parametrize("change", [{"is_staff": False}, {"is_active": False}])
def test_a_token_of_somebody_who_is_no_longer_staff_gives_no_more(
    server: str, cleo: User, change: dict[str, bool]
) -> None:
    token = Token.objects.create(user=cleo).key
    User.objects.filter(pk=cleo.pk).update(**change)
    headers = {"Authorization": f"Token {token}"}
    url = f"{server}/api/v1/documents/"
    assert httpx.post(url, content=b" " * MEGABYTE, headers=headers).status_code == 413


def test_a_long_body_in_pieces_is_refused_to_its_sender_only(server: str) -> None:
    # A client that does not listen while it sends may find the connection closed instead.
    with contextlib.suppress(httpx.TransportError):
        assert httpx.post(f"{server}{VISITORS}", content=in_pieces(20)).status_code == 413
    assert httpx.get(f"{server}/healthz").status_code == 200


def test_a_visitor_sends_a_file_larger_than_any_other_body(
    server: str, conversation: Conversation, settings: Settings
) -> None:
    settings.TICKETS = {**settings.TICKETS, "customer_file_mb": 1}
    url = f"{server}/api/v1/conversations/{conversation.pk}/files/"
    token = visitor_tokens.issue(conversation.customer_id).token
    headers = {"Authorization": f"Bearer {token}"}

    def send(size: int, **headers: str) -> int:
        file = {"file": ("a.txt", b"x" * size)}
        return httpx.post(url, files=file, headers=headers).status_code

    assert send(MEGABYTE, **headers) == 201
    assert send(MEGABYTE, Authorization="Bearer forged") == 413
    assert send(2 * MEGABYTE, **headers) == 413


def test_so_does_one_who_speaks_for_two_minutes(server: str, conversation: Conversation) -> None:
    url = f"{server}/api/v1/conversations/{conversation.pk}/voice/"
    token = visitor_tokens.issue(conversation.customer_id).token

    def say(size: int, token: str = token) -> int:
        audio = {"audio": ("recording", b"OggS" + b"x" * size)}
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.post(url, files=audio, headers=headers).status_code

    assert say(MEGABYTE) == 409, "read, and there is no model to write it down"
    assert say(MEGABYTE, "forged") == 413
    assert say(3 * MEGABYTE) == 413
