"""supportbot.webhooks against a real HTTP server: signed, retried, given up, sent again by hand."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from supportbot.webhooks.models import WebhookDelivery, WebhookEndpoint
from supportbot.webhooks.sending import RETRY_MINUTES, deliver_again, send_due
from supportbot.webhooks.signing import secret_of, sign
from tests.tickets.cast import actions_on, ask, at_once
from tickets.admin.notices import notices
from tickets.models import AuditEntry, Conversation, Team
from tickets.services.handover import request_person
from tickets.services.priority import raise_priority

Status = WebhookDelivery.Status
BrowserOf = Callable[[User], Client]


@dataclass
class Other:
    """The program that is told: what it was sent, and what it answers."""

    port: int = 0
    answers: list[int] = field(default_factory=list)
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"


@pytest.fixture
def other(settings: Settings) -> Iterator[Other]:
    told = Other()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            told.taken.append((headers, body))
            self.send_response(told.answers.pop(0) if told.answers else 204)
            self.send_header("location", "http://127.0.0.1/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    settings.WEBHOOKS = replace(settings.WEBHOOKS, private_hosts=["127.0.0.1"])
    yield told
    server.shutdown()
    server.server_close()


@pytest.fixture
def endpoint(db: None, other: Other) -> WebhookEndpoint:
    return WebhookEndpoint.objects.create(url=other.url, description="CRM")


def due_now() -> int:
    WebhookDelivery.objects.update(due_at=timezone.now() - dt.timedelta(seconds=1))
    return send_due()


# -- What is told ---------------------------------------------------------------------------------
def test_a_private_teams_ticket_is_told_to_those_alone_that_cover_it(
    endpoint: WebhookEndpoint, other: Other, conversation: Conversation
) -> None:
    covering = WebhookEndpoint.objects.create(url=other.url, covers_private=True)
    ticket = request_person(conversation=conversation)
    ticket.team = Team.objects.create(name="Legal", is_private=True)
    ticket.save(update_fields=["team"])
    WebhookDelivery.objects.all().delete()
    ask(conversation, "It is about my colleague")
    raise_priority(conversation=conversation, reason="late")
    told = WebhookDelivery.objects.all()
    assert told.count() > 1
    assert {one.endpoint for one in told} == {covering}


def test_a_message_is_told_signed(
    endpoint: WebhookEndpoint, other: Other, conversation: Conversation
) -> None:
    message = ask(conversation, "Where is my order?")
    assert send_due() == 1
    ((headers, body),) = other.taken
    told = json.loads(body)
    assert (told["type"], told["object"]) == (
        "message.created",
        {"type": "message", "id": str(message.pk)},
    )
    assert told["data"]["text"] == "Where is my order?"
    delivery = WebhookDelivery.objects.get()
    assert headers["webhook-id"] == told["id"] == str(delivery.pk)
    # As any library for Standard Webhooks checks it.
    key = base64.b64decode(secret_of(endpoint).removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mac = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{mac}"
    assert (delivery.status, delivery.response_status) == (Status.DELIVERED, 204)


def test_signatures_are_those_of_the_standard() -> None:
    """The example of standardwebhooks.com."""
    headers = sign(
        secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
        body=b'{"test": 2432232314}',
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("types", "told"),
    [
        ([], ["message.created", "conversation.made_urgent"]),
        (["conversation.*"], ["conversation.made_urgent"]),
        (["message.created"], ["message.created"]),
        (["ticket.opened"], []),
    ],
)
def test_an_endpoint_is_told_what_it_asks_for(
    endpoint: WebhookEndpoint, conversation: Conversation, types: list[str], told: list[str]
) -> None:
    WebhookEndpoint.objects.update(types=types)
    ask(conversation)
    raise_priority(conversation=conversation, reason="test")
    found = WebhookDelivery.objects.order_by("created_at").values_list("type", flat=True)
    assert list(found) == told


def test_what_is_rolled_back_is_never_told(
    transactional_db: None, endpoint: WebhookEndpoint, conversation: Conversation
) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        raise_priority(conversation=conversation, reason="test")
        raise RuntimeError
    assert WebhookDelivery.objects.count() == AuditEntry.objects.count() == 0


def test_an_endpoint_that_is_off_is_told_nothing(
    endpoint: WebhookEndpoint, conversation: Conversation
) -> None:
    WebhookEndpoint.objects.update(is_on=False)
    ask(conversation)
    assert WebhookDelivery.objects.count() == 0


def test_of_many_senders_at_once_one_delivers(
    transactional_db: None, endpoint: WebhookEndpoint, other: Other, conversation: Conversation
) -> None:
    ask(conversation)
    assert sorted(map(str, at_once([send_due] * 4))) == ["0", "0", "0", "1"]
    assert len(other.taken) == 1


# -- What goes wrong ------------------------------------------------------------------------------
def test_what_fails_is_tried_again_under_the_same_id(
    endpoint: WebhookEndpoint, other: Other, conversation: Conversation
) -> None:
    other.answers = [500, 302]
    ask(conversation)
    assert [due_now(), send_due(), due_now(), due_now()] == [0, 0, 0, 1]
    assert len({headers["webhook-id"] for headers, _ in other.taken}) == 1
    assert len(other.taken) == 3, "a redirect is not followed"
    endpoint.refresh_from_db()
    assert endpoint.failing_since is None


def test_a_delivery_is_given_up_and_sent_again_by_hand(
    endpoint: WebhookEndpoint, other: Other, conversation: Conversation
) -> None:
    other.answers = [500] * (len(RETRY_MINUTES) + 1)
    ask(conversation)
    for _ in other.answers[:]:
        due_now()
    delivery = WebhookDelivery.objects.get()
    assert (delivery.status, delivery.error) == (Status.FAILED, "It answered 500.")
    assert due_now() == 0
    deliver_again(delivery=delivery)
    assert send_due() == 1


def test_an_endpoint_that_fails_for_days_is_switched_off_with_a_notice(
    ben: User, endpoint: WebhookEndpoint, other: Other, conversation: Conversation
) -> None:
    other.answers = [500]
    ask(conversation)
    WebhookEndpoint.objects.update(failing_since=timezone.now() - dt.timedelta(days=6))
    due_now()
    endpoint.refresh_from_db()
    assert not endpoint.is_on
    assert actions_on(endpoint) == ["webhook.disabled"]
    assert any("“CRM” is switched off" in notice for notice in notices(ben))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://169.254.169.254/latest", "is not on the public internet"),
        ("http://localhost:9/", "is not on the public internet"),
        ("http://127.0.0.1:9/", "could not be reached"),  # allowed, and nobody there
        ("http://no-such-host.invalid/", "could not be reached"),
    ],
)
def test_where_it_may_not_go_it_does_not_go(
    endpoint: WebhookEndpoint, conversation: Conversation, url: str, words: str
) -> None:
    WebhookEndpoint.objects.update(url=url)
    ask(conversation)
    assert send_due() == 0
    assert words in WebhookDelivery.objects.get().error


def test_a_missing_variable_is_named(
    endpoint: WebhookEndpoint, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    WebhookEndpoint.objects.update(secret_variable="CRM_SECRET")
    ask(conversation)
    assert send_due() == 0
    assert WebhookDelivery.objects.get().error == "The variable CRM_SECRET is not set."
    monkeypatch.setenv("CRM_SECRET", "whsec_" + base64.b64encode(b"k" * 24).decode())
    assert due_now() == 1


# -- The admin ------------------------------------------------------------------------------------
def test_a_made_secret_is_shown_once(admin_user: User, browser_of: BrowserOf, other: Other) -> None:
    browser = browser_of(admin_user)
    blank = browser.get("/admin/webhooks/webhookendpoint/add/").content.decode()
    assert all(f'name="{name}"' in blank for name in ("url", "types", "secret_variable"))
    form = {"url": other.url, "description": "CRM", "types": "ticket.*", "is_on": "on"}
    page = browser.post("/admin/webhooks/webhookendpoint/add/", form, follow=True)
    endpoint = WebhookEndpoint.objects.get()
    assert secret_of(endpoint) in page.content.decode()
    change = f"/admin/webhooks/webhookendpoint/{endpoint.pk}/change/"
    assert secret_of(endpoint) not in browser.get(change).content.decode()
    assert actions_on(endpoint) == ["webhook.created"]
    before = secret_of(endpoint)
    new = reverse("admin:webhooks_webhookendpoint_new_secret", args=[endpoint.pk])
    assert browser.get(new).status_code == 200
    assert "shown this once" in browser.post(new, follow=True).content.decode()
    endpoint.refresh_from_db()
    assert secret_of(endpoint) != before


def test_an_unknown_event_is_refused(admin_user: User, browser_of: BrowserOf) -> None:
    form = {"url": "https://crm.example/", "types": "ticket.exploded", "is_on": "on"}
    page = browser_of(admin_user).post("/admin/webhooks/webhookendpoint/add/", form)
    assert "There is no event “ticket.exploded”" in page.content.decode()
    assert WebhookEndpoint.objects.count() == 0


def test_the_log_sends_again_by_hand(
    endpoint: WebhookEndpoint, admin_user: User, browser_of: BrowserOf, conversation: Conversation
) -> None:
    browser = browser_of(admin_user)  # which is told of, too
    ask(conversation)
    send_due()
    delivery = WebhookDelivery.objects.latest("pk")
    again = f"/admin/webhooks/webhookdelivery/{delivery.pk}/again/"
    assert again in browser.get("/admin/webhooks/webhookdelivery/").content.decode()
    assert browser.get(again).status_code == 405
    browser.post(again)
    assert send_due() == 1
    assert actions_on(endpoint) == ["webhook.redelivered"]


def test_webhooks_are_closed_to_outsiders(
    endpoint: WebhookEndpoint, ben: User, eve: User, browser_of: BrowserOf
) -> None:
    for page in ("webhookendpoint", "webhookdelivery"):
        assert browser_of(eve).get(f"/admin/webhooks/{page}/").status_code == 302
        assert browser_of(ben).get(f"/admin/webhooks/{page}/").status_code == 403


def test_the_secret_of_another_installation_is_another(
    endpoint: WebhookEndpoint, settings: Settings
) -> None:
    before: Any = secret_of(endpoint)
    settings.SECRET_KEY = "another"
    assert secret_of(endpoint) != before
