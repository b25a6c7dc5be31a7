"""What the list of documents shows: newest version, state, dates, and the filters for them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, Prefetch, QuerySet, Subquery
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from knowledge.models import Document, DocumentVersion

Status, State = DocumentVersion.Status, DocumentVersion.State

_STATUS_KINDS: dict[str, str] = {
    Status.READY: "success",
    Status.FAILED: "danger",
    Status.QUEUED: "warning",
}

# The texts of versions are megabytes, and no list shows them.
LIGHT_VERSIONS = DocumentVersion.objects.defer("markdown", "page_starts")


def with_versions(documents: QuerySet[Document]) -> QuerySet[Document]:
    """Documents with their versions, newest first, and what is filtered by."""
    versions = DocumentVersion.objects.filter(document=OuterRef("pk")).order_by("-number")
    return (
        documents.select_related("collection")
        .prefetch_related(Prefetch("versions", LIGHT_VERSIONS.order_by("-number")))
        .annotate(
            newest_status=Subquery(versions.values("status")[:1]),
            newest_state=Subquery(versions.values("state")[:1]),
            is_published=Exists(versions.filter(state=State.PUBLISHED)),
        )
    )


def newest_of(document: Document) -> DocumentVersion | None:
    return next(iter(document.versions.all()), None)


def published_of(document: Document) -> DocumentVersion | None:
    return next((v for v in document.versions.all() if v.state == State.PUBLISHED), None)


def count_in_progress() -> int:
    """Documents of which a version is being processed or waits for it."""
    return DocumentVersion.objects.in_progress().values("document").distinct().count()


def render_status(version: DocumentVersion | None) -> SafeString:
    """How far the processing is, as a label with a progress bar or the error."""
    kind = _STATUS_KINDS.get(version.status, "info") if version else ""
    return render_to_string("knowledge/admin/status.html", {"version": version, "kind": kind})


def render_state(document: Document) -> SafeString:
    """Whether customers are served from the document, and from which version."""
    newest, published = newest_of(document), published_of(document)
    context = {
        "version": published or newest,
        "kind": "success" if published else "",
        "is_older": published is not None and published != newest,
    }
    return render_to_string("knowledge/admin/state.html", context)


def render_status_cell(document: Document) -> SafeString:
    """The list's cell, which progress.js finds and fills anew."""
    content = render_status(newest_of(document))
    return format_html('<div data-document="{}" data-cell="status">{}</div>', document.pk, content)


def render_state_cell(document: Document) -> SafeString:
    content = render_state(document)
    return format_html('<div data-document="{}" data-cell="state">{}</div>', document.pk, content)


def describe_dates(version: DocumentVersion) -> str:
    """“from 1 March 2026 until 1 January 2027”; the second day is the first one without effect."""
    parts = []
    if version.effective_from:
        parts.append(f"from {_day(version.effective_from)}")
    if version.effective_until:
        parts.append(f"until {_day(version.effective_until)}")
    return " ".join(parts) or "always"


def _day(day: dt.date) -> str:
    return date_format(day, "j M Y")


class StatusFilter(admin.SimpleListFilter):
    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("in_progress", "In progress"), *((s.value, str(s.label)) for s in Status)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "in_progress":
            return queryset.filter(newest_status__in=DocumentVersion.IN_PROGRESS)
        return queryset.filter(newest_status=self.value()) if self.value() else queryset


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state.value, str(state.label)) for state in State]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == State.PUBLISHED:
            return queryset.filter(is_published=True)
        if self.value():
            return queryset.filter(is_published=False, newest_state=self.value())
        return queryset
