"""Addresses of the editor's desk, and states that its tests start from."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import reverse

from knowledge.models import Document, DocumentEvent, DocumentVersion
from knowledge.services.lifecycle.bulk import work_on_jobs

LIST = "/admin/knowledge/document/"
UPLOAD = "/admin/knowledge/document/add/"
Publish = Callable[..., DocumentVersion]
State, Status = DocumentVersion.State, DocumentVersion.Status


def a_file(name: str, content: bytes = b"# Title\n\nA text.") -> io.BytesIO:
    file = io.BytesIO(content)
    file.name = name
    return file


def page_of(version: DocumentVersion) -> str:
    return reverse("admin:knowledge_document_change", args=[version.document_id])


def act(name: str, *arguments: Any) -> str:
    """The address of one of the desk's views; a version stands for its id."""
    ids = [getattr(argument, "pk", argument) for argument in arguments]
    return reverse(f"admin:knowledge_document_{name}", args=ids)


def work_on(editor: Client, response: HttpResponseBase) -> str:
    """Do the bulk job that an answer leads to, as a worker would; its page afterwards."""
    assert response.status_code == 302, response
    work_on_jobs(seconds=60)
    return " ".join(text_of(editor.get(response["Location"])).split())


def text_of(response: HttpResponseBase) -> str:
    assert isinstance(response, HttpResponse)
    return response.content.decode()


def states_of(document: Document) -> dict[int, str]:
    """Version number → state."""
    return dict(document.versions.values_list("number", "state"))


def actions_of(document_id: int) -> list[str]:
    """What the document's history holds, the first first."""
    events = DocumentEvent.objects.filter(document_id=document_id).order_by("pk")
    return list(events.values_list("action", flat=True))


def last_event() -> DocumentEvent:
    return DocumentEvent.objects.order_by("-pk")[0]


def fail(version: DocumentVersion) -> None:
    DocumentVersion.objects.filter(pk=version.pk).update(
        status=Status.FAILED, error="The file is damaged."
    )
