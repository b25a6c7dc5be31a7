"""Files that agents add to replies and notes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from supportbot.mail.rendering import render
from tests.desk.test_views import do, opened, soon
from tickets.models import Attachment, Customer, Message, OutgoingEmail, Ticket
from tickets.services import attachments

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40


@pytest.fixture
def mailed(ticket: Ticket, settings: Settings) -> Ticket:
    """The ticket of a customer whom e-mail reaches."""
    settings.MAIL = replace(settings.MAIL, from_address="support@shop.example", sends=True)
    Customer.objects.update(email="ada@example.org")
    return ticket


def add(client: Client, ticket: Ticket, *files: tuple[str, bytes], kind: str = "reply") -> Any:
    sent = [SimpleUploadedFile(name, content) for name, content in files]
    url = reverse("desk:files", args=[ticket.pk])
    return client.post(url, {"kind": kind, "file": sent})


def test_files_go_with_the_reply_by_email(agent: Client, mailed: Ticket) -> None:
    added = add(agent, mailed, ("../label.png", PNG), ("form.txt", b"form")).json()
    assert added["problem"] == ""
    assert [one["name"] for one in added["files"]["reply"]] == ["label.png", "form.txt"]
    assert "ada@example.org by e-mail" in opened(agent, mailed)["files"]["hint"]
    sent = do(agent, mailed, "send", text="Here you are.", client_id="c-1", seen=99).json()
    assert opened(agent, mailed)["files"]["reply"] == []
    assert "label.png" in opened(agent, mailed)["panels"]["outgoing"]["html"]
    taken_back = do(agent, mailed, "undo", outgoing=sent["outgoing"]).json()
    assert len(taken_back["files"]["reply"]) == 2
    do(agent, mailed, "send", text="Here you are.", client_id="c-2", seen=99)
    soon()
    reply = Message.objects.get(text="Here you are.")
    assert {file.name for file in reply.attachments.all()} == {"label.png", "form.txt"}
    assert "label.png" in "".join(opened(agent, mailed)["items"])
    mail = render(OutgoingEmail.objects.get())
    assert {part[0] for part in mail.attachments} == {"label.png", "form.txt"}


def test_what_cannot_reach_the_customer_is_not_added(
    agent: Client, mailed: Ticket, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "is a program" in add(agent, mailed, ("run.exe", b"MZ")).json()["problem"]
    assert "is empty" in add(agent, mailed, ("empty.txt", b"")).json()["problem"]
    monkeypatch.setattr(attachments, "MOST_BYTES_OF_AN_EMAIL", 5)
    assert "together" in add(agent, mailed, ("six.txt", b"123456")).json()["problem"]
    Customer.objects.update(email="")
    assert "not known" in add(agent, mailed, ("a.txt", b"a")).json()["problem"]
    settings.MAIL = replace(settings.MAIL, sends=False)
    assert "not set up" in add(agent, mailed, ("a.txt", b"a")).json()["problem"]
    assert not Attachment.objects.exists()


def test_a_reply_whose_files_no_longer_reach_the_customer_is_held(
    agent: Client, mailed: Ticket
) -> None:
    add(agent, mailed, ("a.txt", b"a"))
    do(agent, mailed, "send", text="See the file.", client_id="c-1", seen=99)
    Customer.objects.update(email="")
    soon()
    assert not Message.objects.filter(text="See the file.").exists()
    assert len(opened(agent, mailed)["files"]["reply"]) == 1


def test_files_of_notes_are_for_colleagues(
    agent: Client, reader: Client, ticket: Ticket, dora: User, browser_of: Any
) -> None:
    (file,) = add(agent, ticket, ("log.txt", b"log"), kind="note").json()["files"]["note"]
    hers = browser_of(dora)
    assert hers.get(file["url"]).status_code == 404, "it is not sent yet"
    assert agent.get(file["url"]).status_code == 200
    assert opened(hers, ticket)["files"]["note"] == []
    do(agent, ticket, "note", text="See the log.")
    assert "log.txt" in "".join(opened(hers, ticket)["items"])
    response = hers.get(file["url"])
    assert response["Content-Disposition"] == 'attachment; filename="log.txt"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert add(reader, ticket, ("a.txt", b"a"), kind="note").status_code == 403


def test_a_file_is_removed_before_it_is_sent(agent: Client, ticket: Ticket) -> None:
    (file,) = add(agent, ticket, ("log.txt", b"log"), kind="note").json()["files"]["note"]
    assert do(agent, ticket, "remove-file", file="x").json()["problem"] == "This file is gone."
    done = do(agent, ticket, "remove-file", file=file["id"]).json()
    assert done["files"]["note"] == []
    assert not Attachment.objects.exists()
