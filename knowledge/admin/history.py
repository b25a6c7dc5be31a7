"""Who changed what: the documents' history in words, on a document's page and as a list of all."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Concat, Trim
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from knowledge.admin.base import ReadOnlyAdmin, local_time
from knowledge.admin.days import Days
from knowledge.locales import locale_name
from knowledge.models import Audience, Document, DocumentEvent, DocumentVersion
from knowledge.services.lifecycle.history import ACTIONS

State = DocumentVersion.State
_FIELDS = {"title": "Title", "locale": "Language", "collection": "Collection"}


def in_words(event: DocumentEvent) -> str:
    """“Published, version 3”."""
    action = ACTIONS.get(event.action, event.action)
    return f"{action}, version {event.version_number}" if event.version_number else action


def details_of(event: DocumentEvent) -> list[str]:
    """What changed, a sentence each: states, days, audiences, and what was written to it."""
    data = event.data
    before, after = data.get("before") or {}, data.get("after") or {}
    lines = [
        line
        for number in sorted(after, key=int)
        for line in _changes(number, before.get(number) or {}, after[number])
    ]
    lines += [
        f"{_FIELDS.get(name, name)}: {_shown(name, was)} → {_shown(name, now)}"
        for name, (was, now) in (data.get("changes") or {}).items()
    ]
    lines += [f"From the text of version {data['corrects']}"] if data.get("corrects") else []
    lines += [f"“{data['note']}”"] if data.get("note") else []
    lines += [str(data[key]) for key in ("file_name", "error", "text") if data.get(key)]
    return lines


def _shown(field: str, value: str) -> str:
    return locale_name(value) if field == "locale" else f"“{value}”"


def _changes(number: str, before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Of one version, from what was stored before and after a step of the lifecycle."""
    lines = []
    if before.get("state") != after.get("state"):
        was, now = _label(State, before.get("state")), _label(State, after.get("state"))
        lines.append(f"Version {number}: {was} → {now}")
    if _days(before) != _days(after):
        lines.append(f"Version {number}: {_days(before)} → {_days(after)}")
    if before.get("audience") != after.get("audience"):
        was, now = _label(Audience, before.get("audience")), _label(Audience, after.get("audience"))
        lines.append(f"Version {number}: for {was} → for {now}")
    return lines


def _label(choices: Any, value: object) -> str:
    return str(choices(value).label).lower() if value in choices.values else str(value)


def _days(state: dict[str, Any]) -> str:
    start, end = state.get("effective_from"), state.get("effective_until")
    return str(
        Days(
            dt.date.fromisoformat(start) if start else None,
            dt.date.fromisoformat(end) if end else None,
        )
    )


def events_of(document_id: int) -> QuerySet[DocumentEvent]:
    """A document's history, the latest first, each with `name`."""
    return with_names(DocumentEvent.objects.filter(document_id=document_id).order_by("-pk"))


def with_names(events: QuerySet[DocumentEvent]) -> QuerySet[DocumentEvent]:
    """Each with `name`: what colleagues call whoever did it; empty where that is not known. The
    history itself holds the name that they logged in with then."""
    people = get_user_model().objects.filter(pk=OuterRef("actor_id"))
    full_name = people.annotate(full=Trim(Concat("first_name", Value(" "), "last_name")))
    return events.annotate(name=Coalesce(Subquery(full_name.values("full")), Value("")))


def last_step(document_id: int) -> DocumentEvent | None:
    """The latest step of the lifecycle: the one that can be undone, if any can."""
    return events_of(document_id).filter(data__has_key="before").first()


def history_rows(events: list[DocumentEvent]) -> list[dict[str, Any]]:
    return [
        {"event": event, "what": in_words(event), "details": details_of(event)} for event in events
    ]


class ActionFilter(admin.SimpleListFilter):
    title = "action"
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(ACTIONS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(action=self.value()) if self.value() else queryset


class ActorFilter(admin.SimpleListFilter):
    title = "who"
    parameter_name = "actor"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        names = DocumentEvent.objects.order_by("actor_name").values_list("actor_name", flat=True)
        found = list(names.distinct())
        people = get_user_model().objects.filter(username__in=found)
        full = {one.get_username(): one.get_full_name() for one in people}
        return [(name, full.get(name) or name) for name in found]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(actor_name=self.value()) if self.value() else queryset


class WhenFilter(admin.SimpleListFilter):
    title = "when"
    parameter_name = "when"
    DAYS: ClassVar = {"1": "Today", "7": "Past 7 days", "31": "Past 31 days", "366": "Past year"}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(self.DAYS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in self.DAYS:
            return queryset
        midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
        earlier = dt.timedelta(days=int(self.value() or 1) - 1)
        return queryset.filter(created_at__gte=midnight - earlier)


@admin.register(DocumentEvent)
class DocumentEventAdmin(ReadOnlyAdmin):
    """Every step in the lives of all documents, also of those that are deleted. Read-only."""

    list_display = ("when", "who", "what", "document", "details")
    list_display_links = None
    list_filter = (ActionFilter, ActorFilter, WhenFilter)
    search_fields = ("document_title", "actor_name")
    search_help_text = "Document or person"
    list_per_page = 50

    class Media:
        css: ClassVar = {"all": ["knowledge/desk.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[DocumentEvent]:
        events: QuerySet[DocumentEvent] = super().get_queryset(request)
        there = Exists(Document.objects.filter(pk=OuterRef("document_id")))
        return with_names(events).annotate(exists=there)

    @display(description="when", ordering="pk")  # type: ignore[untyped-decorator]
    def when(self, event: DocumentEvent) -> SafeString:
        return local_time(event.created_at)

    @display(description="who", ordering="actor_name")  # type: ignore[untyped-decorator]
    def who(self, event: Any) -> str:
        return str(event.name or event.actor_name)

    @display(description="what")  # type: ignore[untyped-decorator]
    def what(self, event: DocumentEvent) -> str:
        return in_words(event)

    @display(description="document", ordering="document_title")  # type: ignore[untyped-decorator]
    def document(self, event: DocumentEvent) -> SafeString | str:
        if not getattr(event, "exists", False):
            return f"{event.document_title} (deleted)"
        url = reverse("admin:knowledge_document_change", args=[event.document_id])
        return format_html('<a class="sb-link" href="{}">{}</a>', url, event.document_title)

    @display(description="details")  # type: ignore[untyped-decorator]
    def details(self, event: DocumentEvent) -> SafeString:
        return format_html_join("", "<div>{}</div>", ((line,) for line in details_of(event)))
