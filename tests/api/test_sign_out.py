"""Signing out: tokens of before are refused, what is open is closed, and the audit log says so."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from supportbot.answers.threads import in_thread
from supportbot.api import visitor_tokens
from tests.api.sockets import Socket, say, socket_of
from tickets.models import AuditEntry, Conversation, Customer
from tickets.services.sign_out import sign_out

API = "/api/v1"


def test_a_visitor_who_is_forgotten_needs_a_new_start(
    visitor_api: APIClient, ada: Customer
) -> None:
    tokens = visitor_tokens.issue(ada.pk)
    assert visitor_api.delete(f"{API}/visitors/me/").status_code == 204
    assert visitor_api.get(f"{API}/conversations/").status_code == 401
    body = {"refresh_token": tokens.refresh_token}
    anew = APIClient().post(f"{API}/visitors/", body)
    assert (anew.status_code, anew.json()["visitor_id"] != str(ada.pk)) == (201, True)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object_id, entry.actor) == (
        "customer.signed_out",
        str(ada.pk),
        None,
    )


def test_only_the_visitor_of_the_token_is_forgotten(visitor_api: APIClient) -> None:
    assert APIClient().delete(f"{API}/visitors/me/").status_code == 401
    other = visitor_tokens.issue(Customer.objects.create().pk)
    visitor_api.delete(f"{API}/visitors/me/")
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {other.token}")
    assert client.get(f"{API}/conversations/").status_code == 200


def test_a_token_of_after_the_sign_out_is_good(ada: Customer) -> None:
    ada.signed_out_at = timezone.now() - dt.timedelta(seconds=2)
    assert not visitor_tokens.was_revoked(visitor_tokens.issue(ada.pk).token, ada)
    ada.signed_out_at = timezone.now()
    assert visitor_tokens.was_revoked(visitor_tokens.issue(ada.pk).refresh_token, ada)


# -- By staff -------------------------------------------------------------------------------------
def test_staff_sign_a_customer_out_on_the_customers_page(
    ben: User, ada: Customer, visitor_api: APIClient, browser_of: Callable[[User], Client]
) -> None:
    browser, url = browser_of(ben), reverse("admin:tickets_customer_sign_out", args=[ada.pk])
    page = browser.get(reverse("admin:tickets_customer_change", args=[ada.pk])).content.decode()
    assert url in page
    answer = browser.post(url, follow=True).content.decode()
    assert "Ada is signed out on every device." in answer
    assert visitor_api.get(f"{API}/conversations/").status_code == 401
    assert AuditEntry.objects.get(action="customer.signed_out").actor == ben


def test_who_may_only_read_signs_nobody_out(
    eve: User, ada: Customer, browser_of: Callable[[User], Client]
) -> None:
    eve.is_staff = True
    eve.save()
    eve.user_permissions.add(Permission.objects.get(codename="view_customer"))
    browser, url = browser_of(eve), reverse("admin:tickets_customer_sign_out", args=[ada.pk])
    page = browser.get(reverse("admin:tickets_customer_change", args=[ada.pk])).content.decode()
    assert "Ada" in page
    assert url not in page
    assert browser.post(url).status_code == 403
    ada.refresh_from_db()
    assert ada.signed_out_at is None


# -- What is open ---------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
async def test_open_sockets_are_closed_and_cannot_be_opened_again(
    conversation: Conversation, ada: Customer
) -> None:
    token = visitor_tokens.issue(ada.pk).token
    async with socket_of(ada.pk, after=0) as socket:
        await say(conversation)
        await socket.next()
        await in_thread(sign_out)(customer=ada)
        assert await socket.closed_with() == 4401
    again = Socket(token)
    await again.open()
    assert await again.closed_with() == 4401


@pytest.fixture
async def client(server: str, conversation: Conversation) -> AsyncIterator[httpx.AsyncClient]:
    token = visitor_tokens.issue(conversation.customer_id).token
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{server}/api/v1/conversations/{conversation.pk}/"
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as opened:
        yield opened


@pytest.mark.django_db(transaction=True)
async def test_an_open_stream_ends(client: httpx.AsyncClient, ada: Customer) -> None:
    async with client.stream("GET", "events/", headers={"Accept": "text/event-stream"}) as stream:
        lines = stream.aiter_lines()
        await anext(lines)
        await in_thread(sign_out)(customer=ada)
        assert [line async for line in lines if line.startswith("data:")] == []
