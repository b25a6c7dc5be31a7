"""Filters of the audit log. Their choices are known without reading it: that takes long, and must
not tell of entries that the reader may not see."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format

from tickets.admin.audit import WORDS
from tickets.models import AuditEntry
from tickets.services.audit import ACTIONS
from tickets.services.names import full_name

MOST_NAMES = 100
MOST_MONTHS = 36
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


class WhenFilter(admin.SimpleListFilter):
    """Today, this week, or a month since the log began."""

    title, parameter_name = "when", "when"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        begin = AuditEntry.objects.order_by("pk").values_list("created_at", flat=True).first()
        months = _months(timezone.localdate(begin) if begin else timezone.localdate())
        named = [(f"{month:%Y-%m}", date_format(month, "F Y")) for month in months]
        return [("1", "Today"), ("7", "Past 7 days"), *named]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen, today = self.value(), timezone.localdate()
        if chosen not in dict(self.lookup_choices):
            return queryset
        if "-" not in chosen:
            return queryset.filter(created_at__gte=_midnight(today - dt.timedelta(int(chosen) - 1)))
        first = dt.date.fromisoformat(f"{chosen}-01")
        after = _midnight(_next_month(first))
        return queryset.filter(created_at__gte=_midnight(first), created_at__lt=after)


def _months(begin: dt.date) -> list[dt.date]:
    """The first day of each month since then, the newest first."""
    months, month = [], begin.replace(day=1)
    while month <= timezone.localdate():
        months.append(month)
        month = _next_month(month)
    return months[: -MOST_MONTHS - 1 : -1]


def _next_month(first: dt.date) -> dt.date:
    return (first + dt.timedelta(days=31)).replace(day=1)


def _midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))


class ActorFilter(_Fixed):
    title, parameter_name, field = "who", "actor_name", "actor_name"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        staff = User.objects.filter(is_staff=True).order_by("first_name", "last_name", "username")
        names = [(one.username, full_name(one)) for one in staff[:MOST_NAMES]]
        return [(THE_PRODUCT, THE_PRODUCT), *names]
