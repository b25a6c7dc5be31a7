"""Filters of the audit log. Their choices are known without reading it: that takes long, and must
not tell of entries that the reader may not see."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest

from tickets.admin.audit import WORDS
from tickets.services.audit import ACTIONS
from tickets.services.names import full_name

MOST_NAMES = 100
THE_PRODUCT = "supportbot"


class _Fixed(admin.SimpleListFilter):
    field = ""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{self.field: self.value()}) if self.value() else queryset


class AreaFilter(_Fixed):
    title, parameter_name, field = "area", "area", "action__startswith"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        areas = sorted({action.partition(".")[0] for action in ACTIONS})
        return [(f"{area}.", area.capitalize()) for area in areas]


class ActionFilter(_Fixed):
    """Of the chosen area; of all of them they would be a hundred."""

    title, parameter_name, field = "action", "action", "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        area, chosen = request.GET.get("area", ""), request.GET.get("action")
        shown = [one for one in sorted(ACTIONS) if one == chosen or (area and one.startswith(area))]
        return [(one, WORDS[one]) for one in shown]


class ActorFilter(_Fixed):
    title, parameter_name, field = "who", "actor_name", "actor_name"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        staff = User.objects.filter(is_staff=True).order_by("first_name", "last_name", "username")
        names = [(one.username, full_name(one)) for one in staff[:MOST_NAMES]]
        return [(THE_PRODUCT, THE_PRODUCT), *names]
