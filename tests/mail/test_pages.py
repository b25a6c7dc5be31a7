"""The webhook for e-mail, the files of messages, and e-mail in the admin."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.checks import run_checks
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from supportbot.api.bodies import limit_bodies
from supportbot.mail.models import IncomingEmail, Mailbox
from supportbot.mail.receiving import store_incoming
from supportbot.mail.signatures import PATH, sign
from supportbot.mail_settings import read_server
from tests.mail.conftest import Smtp
from tests.mail.letters import letter
from tests.tickets.cast import ask
from tickets.models import Attachment, Conversation, Message, Team, Ticket
from tickets.services.attachments import store_attachment
from tickets.services.tickets import ensure_ticket

SECRET = "s" * 32
BrowserOf = Callable[[User], Client]


# -- The webhook ----------------------------------------------------------------------------------
@pytest.fixture
def hook(smtp: Smtp, settings: Settings, db: None) -> None:
    settings.MAIL = replace(settings.MAIL, webhook_secret=SECRET)


def hand_in(raw: bytes, headers: dict[str, str] | None = None) -> Any:
    signed = sign(raw, SECRET) if headers is None else headers
    return APIClient().generic("POST", PATH, raw, "message/rfc822", headers=signed)  # type: ignore[arg-type]


def test_a_signed_email_is_taken_once(hook: None) -> None:
    raw = letter("By webhook.").as_bytes()
    for _ in range(2):
        response = hand_in(raw)
        assert (response.status_code, response.json()) == (202, {"status": "received"})
    assert Message.objects.get().text == "By webhook."


@pytest.mark.parametrize(
    "headers",
    [
        {},
        sign(b"another body", SECRET),
        sign(letter().as_bytes(), "t" * 32),
        sign(b"", SECRET, timestamp=int(time.time()) - 400),
        {"x-supportbot-timestamp": "9" * 5000},
    ],
)
def test_an_email_that_is_not_signed_is_refused(hook: None, headers: dict[str, str]) -> None:
    response = hand_in(letter().as_bytes(), headers)
    assert (response.status_code, response.json()["code"]) == (403, "authentication_failed")
    assert IncomingEmail.objects.count() == 0


def test_the_webhook_is_closed_without_a_secret(smtp: Smtp, db: None) -> None:
    raw = letter().as_bytes()
    assert hand_in(raw, sign(raw, "")).status_code == 403


def test_an_empty_email_is_refused(hook: None) -> None:
    assert hand_in(b" ").status_code == 400


@pytest.mark.parametrize(("is_signed", "status"), [(True, 200), (False, 413)])
async def test_a_large_email_may_come_if_its_headers_are_signed(
    hook: None, settings: Settings, is_signed: bool, status: int
) -> None:
    body = b"x" * (settings.REQUEST_MAX_BYTES + 1)
    headers = sign(body, SECRET if is_signed else "t" * 32)
    sent: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> Any:
        return {"type": "http.request", "body": body}

    async def send(message: Any) -> None:
        sent.append(message)

    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "path": PATH, "headers": encoded}
    await limit_bodies(application)(scope, receive, send)
    assert sent[0]["status"] == status


# -- Files ----------------------------------------------------------------------------------------
@pytest.fixture
def ticket(conversation: Conversation) -> Ticket:
    ask(conversation, "My kettle leaks.")
    return ensure_ticket(conversation=conversation)


def file_of(ticket: Ticket, name: str, content: bytes) -> Attachment:
    message = ticket.conversation.messages.get()
    return store_attachment(message=message, name=name, content=content)


def test_a_file_that_could_run_is_saved_and_never_shown(
    ticket: Ticket, ben: User, browser_of: BrowserOf
) -> None:
    file = file_of(ticket, "page.html", b"<html><script>alert(1)</script></html>")
    response = browser_of(ben).get(f"/admin/attachments/{file.pk}/")
    assert response.status_code == 200
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"] == 'attachment; filename="page.html"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]


def test_a_picture_is_shown(ticket: Ticket, ben: User, browser_of: BrowserOf) -> None:
    file = file_of(ticket, "leak.png", b"\x89PNG\r\n\x1a\n" + b"0" * 40)
    response = browser_of(ben).get(f"/admin/attachments/{file.pk}/")
    assert response["Content-Type"] == "image/png"
    assert response["Content-Disposition"].startswith("inline")


def test_files_are_for_those_who_may_see_the_ticket(
    ticket: Ticket, ben: User, cleo: User, eve: User, browser_of: BrowserOf
) -> None:
    url = f"/admin/attachments/{file_of(ticket, 'a.txt', b'hello').pk}/"
    assert Client().get(url).status_code == 302
    assert browser_of(eve).get(url).status_code == 302
    assert browser_of(cleo).get(url).status_code == 403
    ticket.team = Team.objects.create(name="Complaints", is_private=True)
    ticket.save(update_fields=["team"])
    assert browser_of(ben).get(url).status_code == 404
    ticket.team.members.add(ben)
    assert browser_of(ben).get(url).status_code == 200


def test_a_refused_file_and_a_missing_one_are_not_found(
    ticket: Ticket, ben: User, browser_of: BrowserOf
) -> None:
    refused = file_of(ticket, "virus.exe", b"MZ")
    browser = browser_of(ben)
    assert browser.get(f"/admin/attachments/{refused.pk}/").status_code == 404
    assert browser.get(f"/admin/attachments/{ticket.conversation_id}/").status_code == 404


def test_the_tickets_page_names_its_files(ticket: Ticket, ben: User, browser_of: BrowserOf) -> None:
    file = file_of(ticket, "leak.png", b"\x89PNG\r\n\x1a\n" + b"0" * 40)
    file_of(ticket, "<b>virus.exe", b"MZ")
    page = browser_of(ben).get(f"/admin/tickets/conversation/{ticket.conversation_id}/change/")
    text = page.content.decode()
    assert f"/admin/attachments/{file.pk}/" in text
    assert "&lt;b&gt;virus.exe was left out. It is a program, which is not kept." in text


# -- The admin ------------------------------------------------------------------------------------
@pytest.fixture
def boss(admin_user: User, browser_of: BrowserOf) -> Client:
    return browser_of(admin_user)


def test_the_page_says_how_the_mailbox_is_doing(
    smtp: Smtp, boss: Client, settings: Settings
) -> None:
    url = "/admin/mail/incomingemail/"
    assert "No mailbox is read" in boss.get(url).content.decode()
    server = read_server("imaps://support:secret@mail.example")
    settings.MAIL = replace(settings.MAIL, imap=server)
    assert "has not been read yet" in boss.get(url).content.decode()
    box = Mailbox.objects.create(
        address="support@mail.example/INBOX", last_poll_at=timezone.now(), fetched=1
    )
    assert "1 e-mail in all" in boss.get(url).content.decode()
    Mailbox.objects.filter(pk=box.pk).update(last_error="mail.example:993 did not answer in time.")
    text = boss.get(url).content.decode()
    assert "Does not work: mail.example:993 did not answer in time." in text
    assert "secret" not in text


def test_an_email_that_failed_is_dealt_with_again(boss: Client, smtp: Smtp) -> None:
    row, _ = store_incoming(raw=letter().as_bytes(), source="imap")
    IncomingEmail.objects.update(status="failed", attempts=6, reason="OSError: the disk is full")
    assert "the disk is full" in boss.get("/admin/mail/incomingemail/").content.decode()
    again = f"/admin/mail/incomingemail/{row.pk}/again/"
    assert boss.get(again).status_code == 405
    assert boss.post(again).status_code == 302
    row.refresh_from_db()
    assert (row.status, row.attempts) == ("new", 0)


def test_the_mail_pages_are_closed_to_outsiders(
    cleo: User, eve: User, browser_of: BrowserOf
) -> None:
    for page in ("/admin/mail/incomingemail/", "/admin/tickets/outgoingemail/"):
        assert browser_of(eve).get(page).status_code == 302
        assert browser_of(cleo).get(page).status_code == 403


# -- Settings -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "number"),
    [
        ({"from_address": "support"}, "E001"),
        ({"reply_to": "support at shop"}, "E002"),
        ({"mode": "sometimes"}, "E003"),
        ({"webhook_secret": "short"}, "E004"),
        ({"webhook_secret": SECRET, "sends": False}, "W005"),
    ],
)
def test_a_wrong_setting_is_told_with_a_hint(
    smtp: Smtp, settings: Settings, change: dict[str, Any], number: str
) -> None:
    settings.MAIL = replace(settings.MAIL, **change)
    (found,) = [one for one in run_checks() if str(one.id).startswith("supportbot.mail")]
    assert found.id == f"supportbot.mail.{number}"
    assert found.hint


def test_a_server_is_read_from_its_address() -> None:
    server = read_server("imaps://ada%40x:p%40ss@mail.example/Support%20in")
    assert server is not None
    assert (server.user, server.password, server.port) == ("ada@x", "p@ss", 993)
    assert (server.folder, server.tls, server.starttls) == ("Support in", True, False)
    plain = read_server("smtp://mail.example")
    assert plain is not None
    assert (plain.port, plain.starttls) == (587, True)
    with pytest.raises(ValueError, match="smtps://"):
        read_server("mail.example")
