"""What the desk works by, in the admin: forms whose every change stands in the audit log."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import ModelAdmin, TabularInline

from tickets.admin.base import user_of
from tickets.models import BusinessCalendar, BusinessHours, ClosedDay
from tickets.services.business_hours import calendar_of, is_open, next_opening
from tickets.services.desk_settings import record_setting, snapshot


class SettingAdmin(ModelAdmin):  # type: ignore[misc]  # unfold carries no types
    """Records what a form changed, with the rows that `parts` (names of relations) lead to."""

    parts: ClassVar[tuple[str, ...]] = ()

    def snapshot_of(self, setting: Model) -> dict[str, Any]:
        return snapshot(setting, {part: getattr(setting, part).all() for part in self.parts})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        kept = self.model._default_manager.get(pk=obj.pk) if change else None
        form.setting_before = self.snapshot_of(kept) if kept is not None else None
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        saved = self.model._default_manager.get(pk=form.instance.pk)
        record_setting(
            target=saved,
            agent=user_of(request),
            before=form.setting_before,
            after=self.snapshot_of(saved),
        )

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        with transaction.atomic():
            before = self.snapshot_of(obj)
            record_setting(target=obj, agent=user_of(request), before=before, after=None)
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        with transaction.atomic():
            for one in queryset:
                self.delete_model(request, one)


class HoursInline(TabularInline):  # type: ignore[misc]
    model = BusinessHours
    extra = 0


class ClosedDayInline(TabularInline):  # type: ignore[misc]
    model = ClosedDay
    extra = 0


@admin.register(BusinessCalendar)
class BusinessCalendarAdmin(SettingAdmin):
    list_display = ("name", "time_zone", "country", "is_default", "now")
    search_fields = ("name",)
    inlines: ClassVar = [HoursInline, ClosedDayInline]
    parts = ("hours", "closed_days")

    def get_queryset(self, request: HttpRequest) -> QuerySet[BusinessCalendar]:
        calendars: QuerySet[BusinessCalendar] = super().get_queryset(request)
        return calendars.prefetch_related("hours", "closed_days")

    @admin.display(description="now")
    def now(self, stored: BusinessCalendar) -> str:
        calendar, at = calendar_of(stored), timezone.now()
        if is_open(calendar, at):
            return "Open"
        opens = next_opening(calendar, at)
        if opens is None:
            return "Never open"
        return f"Closed until {opens.astimezone(calendar.zone):%a %-d %b, %H:%M}"
