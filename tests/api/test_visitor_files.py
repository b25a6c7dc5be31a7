"""Files that customers send: told by their content, kept for them and for agents alone."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from rest_framework.test import APIClient

from supportbot.answers.file_text import read_customer_file
from supportbot.answers.models import AnswerRun
from supportbot.api import visitor_tokens
from tests.api.conftest import as_visitor
from tickets.models import Attachment, Conversation, Customer, Message

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40


@pytest.fixture
def api(conversation: Conversation) -> APIClient:
    return as_visitor(visitor_tokens.issue(conversation.customer_id).token)


def add(api: APIClient, conversation: Conversation, name: str, content: bytes) -> Any:
    path = f"/api/v1/conversations/{conversation.pk}/files/"
    return api.post(path, {"file": SimpleUploadedFile(name, content)}, format="multipart")


def test_a_file_goes_with_a_message_to_a_person(
    api: APIClient, conversation: Conversation, client: Client, ben: User
) -> None:
    picture = add(api, conversation, "../kettle.png", PNG).json()
    assert picture["name"] == "kettle.png"
    assert picture["content_type"] == "image/png"
    note = add(api, conversation, "serial.txt", b"Serial 4711").json()
    gone = add(api, conversation, "slip.txt", b"A slip").json()
    path = f"/api/v1/conversations/{conversation.pk}"
    assert api.delete(f"{path}/files/{gone['id']}/").status_code == 204
    assert api.get(f"/api/v1/files/{picture['id']}/").status_code == 404, "not sent yet"

    said = {"text": "", "client_id": "c", "files": [picture["id"], note["id"]]}
    sent = api.post(f"{path}/messages/", said, format="json").json()
    assert [one["name"] for one in sent["message"]["files"]] == ["kettle.png", "serial.txt"]
    assert api.post(f"{path}/messages/", said, format="json").json() == sent, "once"
    conversation.refresh_from_db()
    assert conversation.state == Conversation.State.WAITING
    assert not AnswerRun.objects.exists(), "there are no words to answer"

    read_customer_file(note["id"])
    assert Attachment.objects.get(pk=note["id"]).text.strip() == "Serial 4711"

    response = api.get(f"/api/v1/files/{picture['id']}/")
    assert b"".join(response) == PNG
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"] == 'attachment; filename="kettle.png"'
    assert response["X-Content-Type-Options"] == "nosniff"
    stranger = as_visitor(visitor_tokens.issue(Customer.objects.create().pk).token)
    assert stranger.get(f"/api/v1/files/{picture['id']}/").status_code == 404
    assert add(stranger, conversation, "a.png", PNG).status_code == 404
    client.force_login(ben)
    assert client.get(reverse("attachment", args=[picture["id"]])).status_code == 200


def test_words_beside_a_file_get_a_draft(api: APIClient, conversation: Conversation) -> None:
    picture = add(api, conversation, "kettle.png", PNG).json()
    said = {"text": "Is this covered?", "client_id": "c", "files": [picture["id"]]}
    api.post(f"/api/v1/conversations/{conversation.pk}/messages/", said, format="json")
    assert AnswerRun.objects.get().delivery == AnswerRun.Delivery.DRAFT


@pytest.mark.parametrize(
    "refused",
    [
        ("photo.png", b"%PDF-1.7 x", "file_lies"),
        ("photo.png", b"<html><script>", "file_kind"),
        ("page.html", b"<html>", "file_kind"),
        ("notes.txt", b"\x00\x01", "file_kind"),
        ("notes.txt", b"MZ\x90\x00", "file_refused"),
        ("notes.txt", b"#!/bin/sh", "file_refused"),
        ("setup.exe", PNG, "file_refused"),
        ("big.txt", b"x" * (1024**2 + 1), "file_too_large"),
    ],
)
def test_what_is_not_taken_is_said_in_words_and_not_kept(
    api: APIClient, conversation: Conversation, settings: Settings, refused: tuple[str, bytes, str]
) -> None:
    settings.TICKETS = {**settings.TICKETS, "customer_file_mb": 1}
    name, content, code = refused
    response = add(api, conversation, name, content)
    assert (response.status_code, response.json()["code"]) == (400, code)
    assert response.json()["detail"].endswith(".")
    assert not Attachment.objects.exists()


def test_files_are_counted_and_may_be_off(
    api: APIClient, conversation: Conversation, settings: Settings
) -> None:
    codes = [add(api, conversation, "a.png", PNG).status_code for _ in range(6)]
    assert codes == [201] * 5 + [400]
    settings.TICKETS = {**settings.TICKETS, "customer_file_mb": 0}
    assert add(api, conversation, "a.png", PNG).json()["code"] == "files_off"


@pytest.fixture
def clamd() -> Iterator[tuple[str, list[bytes]]]:
    """A server that speaks clamd's INSTREAM, and finds EICAR."""
    taken: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                with peer, peer.makefile("rb") as stream:
                    assert stream.read(10) == b"zINSTREAM\0"
                    content = b""
                    while size := int.from_bytes(stream.read(4), "big"):
                        content += stream.read(size)
                    taken.append(content)
                    found = b"EICAR" in content
                    peer.sendall(b"stream: Eicar-Test FOUND\0" if found else b"stream: OK\0")

        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{listener.getsockname()[1]}", taken


def test_a_scanner_checks_what_is_sent(
    api: APIClient, conversation: Conversation, settings: Settings, clamd: Any
) -> None:
    settings.TICKETS = {**settings.TICKETS, "clamav": clamd[0]}
    assert add(api, conversation, "a.txt", b"EICAR test").json()["code"] == "virus"
    assert add(api, conversation, "a.png", PNG).status_code == 201
    assert clamd[1] == [b"EICAR test", PNG]
    settings.TICKETS = {**settings.TICKETS, "clamav": "/nowhere/clamd.sock"}
    assert add(api, conversation, "b.png", PNG).json()["code"] == "not_scanned"
    assert Message.objects.count() == 0
