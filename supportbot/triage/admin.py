"""Intents and their examples in the admin."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import path
from django.utils.text import capfirst
from unfold.admin import ModelAdmin, TabularInline

from supportbot.triage.admin_message import correct_view
from supportbot.triage.intents import forget
from supportbot.triage.models import OTHER, Intent, IntentExample
from tickets.admin.base import time_column, user_of
from tickets.admin.settings import SettingAdmin
from tickets.models.visibility import visible_by

FEW = 10  # examples; below, an intent is often missed


class SeenExamples:
    """Leaves out corrected messages of conversations that the user must not see."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[IntentExample]:
        rows = super().get_queryset(request)  # type: ignore[misc]  # of the admin it is mixed into
        return visible_by(rows, user_of(request), "message__conversation")


class ExampleInline(SeenExamples, TabularInline):  # type: ignore[misc]  # no types
    model = IntentExample
    extra = 3
    fields: ClassVar = ["text"]


@admin.register(Intent)
class IntentAdmin(SettingAdmin):
    list_display: ClassVar = ["in_words", "about", "examples_count", "is_on"]
    search_fields: ClassVar = ["name", "about"]
    fields: ClassVar = ["name", "about", "is_on"]
    inlines: ClassVar = [ExampleInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Intent]:
        intents: QuerySet[Intent] = super().get_queryset(request)
        seen = visible_by(IntentExample.objects.all(), user_of(request), "message__conversation")
        return intents.annotate(
            number=Count("examples", filter=Q(examples__in=seen), distinct=True)
        )

    @admin.display(description="intent", ordering="name")
    def in_words(self, intent: Intent) -> str:
        return capfirst(str(intent))

    @admin.display(description="examples", ordering="number")
    def examples_count(self, intent: Any) -> str:
        few = " (add more: ten or so are needed)" if intent.number < FEW else ""
        return f"{intent.number}{few}"

    def get_readonly_fields(self, request: HttpRequest, obj: Intent | None = None) -> list[str]:
        return ["name"] if obj is not None else []  # rules of the policy know it by its name

    def has_delete_permission(self, request: HttpRequest, obj: Intent | None = None) -> bool:
        if obj is not None and obj.name == OTHER:
            return False  # what fits no intent; it can be switched off
        return bool(super().has_delete_permission(request, obj))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        forget()

    def delete_model(self, request: HttpRequest, obj: Intent) -> None:
        super().delete_model(request, obj)
        forget()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Intent]) -> None:
        super().delete_queryset(request, queryset.exclude(name=OTHER))
        forget()


@admin.register(IntentExample)
class IntentExampleAdmin(SeenExamples, ModelAdmin):  # type: ignore[misc]
    list_display: ClassVar = ["text", "intent", "source", time_column("updated_at", "changed")]
    list_filter: ClassVar = ["intent", "source"]
    list_select_related: ClassVar = ["intent"]
    search_fields: ClassVar = ["text"]
    fields: ClassVar = ["text", "intent"]

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(correct_view)
        return [path("correct/<uuid:pk>/", view, name="triage_correct"), *super().get_urls()]

    def save_model(self, request: HttpRequest, obj: IntentExample, *args: object) -> None:
        super().save_model(request, obj, *args)
        forget()

    def delete_model(self, request: HttpRequest, obj: IntentExample) -> None:
        super().delete_model(request, obj)
        forget()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[IntentExample]) -> None:
        super().delete_queryset(request, queryset)
        forget()
