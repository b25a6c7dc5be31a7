"""The filters of the list of documents, shown as a row of selects above it.

The state of a document depends on the day: a published version may not have begun yet, or be over.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from knowledge.locales import locale_name
from knowledge.models import Audience, Collection, Document, DocumentVersion

Status, State = DocumentVersion.Status, DocumentVersion.State


class CollectionFilter(admin.SimpleListFilter):
    title = "collection"
    parameter_name = "collection"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(pk), name) for pk, name in Collection.objects.values_list("pk", "name")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.value() or ""
        return queryset.filter(collection=wanted) if wanted.isdecimal() else queryset


class StatusFilter(admin.SimpleListFilter):
    title = "reading"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        ended = [Status.READY, Status.FAILED, Status.CANCELLED]
        return [("in_progress", "In progress"), *((s.value, str(s.label)) for s in ended)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "in_progress":
            return queryset.filter(newest_status__in=DocumentVersion.IN_PROGRESS)
        return queryset.filter(newest_status=self.value()) if self.value() else queryset


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("in_effect", "In effect"),
            ("scheduled", "Scheduled"),
            ("expired", "Expired"),
            ("in_review", "In review"),
            ("draft", "Draft"),
            ("retired", "Retired"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        condition = _conditions().get(self.value() or "")
        return queryset.filter(condition) if condition is not None else queryset


def _conditions() -> dict[str, Q]:
    """What each state means today, in a document's own columns and its versions'."""
    today = timezone.localdate()
    begun = Q(effective_from=None) | Q(effective_from__lte=today)
    lasting = Q(effective_until=None) | Q(effective_until__gt=today)
    published = Q(state=State.PUBLISHED)
    in_effect = _has(published & begun & lasting)
    coming = _has(published & Q(effective_from__gt=today))
    return {
        "in_effect": in_effect,
        "scheduled": coming,
        "expired": _has(published) & ~in_effect & ~coming,
        "in_review": _has(Q(state=State.IN_REVIEW)),
        "draft": Q(newest_state=State.DRAFT),
        "retired": Q(newest_state=State.RETIRED) & ~_has(published),
    }


def _has(condition: Q) -> Q:
    """Of the documents, those with such a version."""
    return Q(Exists(DocumentVersion.objects.filter(condition, document=OuterRef("pk"))))


class AudienceFilter(admin.SimpleListFilter):
    """Any version that is not retired counts: an internal draft of a public text is found too."""

    title = "audience"
    parameter_name = "audience"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(audience.value, str(audience.label)) for audience in Audience]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        return queryset.filter(_has(Q(audience=self.value()) & ~Q(state=State.RETIRED)))


class LocaleFilter(admin.SimpleListFilter):
    title = "language"
    parameter_name = "locale"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        named = ((locale, locale_name(locale)) for locale in locales_in_use())
        return sorted(named, key=lambda choice: choice[1])

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(locale=self.value()) if self.value() else queryset


class WarningFilter(admin.SimpleListFilter):
    title = "warnings"
    parameter_name = "warnings"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "With warnings"), ("no", "Without")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = {"yes": Q(open_warnings__gt=0), "no": Q(open_warnings=0)}.get(self.value() or "")
        return queryset.filter(wanted) if wanted is not None else queryset


def locales_in_use() -> list[str]:
    return list(Document.objects.order_by("locale").values_list("locale", flat=True).distinct())
