"""What agents work with and by, in the admin: calendars, saved replies, macros, notices."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from unfold.admin import StackedInline, TabularInline
from unfold.decorators import display

from tickets.admin.base import RecordAdmin, time_column, user_of
from tickets.admin.settings import OfTeams, SettingAdmin
from tickets.models import (
    AgentNotice,
    BusinessCalendar,
    BusinessHours,
    Category,
    ClosedDay,
    CustomField,
    Macro,
    MacroStep,
    SavedReply,
    SlaPolicy,
    Tag,
    Team,
    Ticket,
)
from tickets.services.business_hours import calendar_of, is_open, next_opening
from tickets.services.notices import mark_notices_seen
from tickets.services.sla_watch import refresh_soon
from tickets.variables import ABOUT


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

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        refresh_soon()

    @admin.display(description="now")
    def now(self, stored: BusinessCalendar) -> str:
        calendar, at = calendar_of(stored), timezone.now()
        if is_open(calendar, at):
            return "Open"
        opens = next_opening(calendar, at)
        if opens is None:
            return "Never open"
        return f"Closed until {opens.astimezone(calendar.zone):%a %-d %b, %H:%M}"


VARIABLES = "Variables: " + ", ".join(
    f"{{{{ {name} }}}} ({about})" for name, about in ABOUT.items()
)
VARIABLES += ". A word for when one is not known stands behind a bar: {{ customer.name | there }}."


@admin.register(SavedReply)
class SavedReplyAdmin(OfTeams, SettingAdmin):
    list_display = ("name", "team", time_column("updated_at", "changed"))
    list_filter = (("team", admin.RelatedOnlyFieldListFilter),)
    search_fields = ("name", "text")
    fieldsets: ClassVar = [(None, {"fields": ["name", "text", "team"], "description": VARIABLES})]


class MacroStepInline(OfTeams, StackedInline):  # type: ignore[misc]
    """tickets/macro-steps.js shows of each step the field that its kind needs."""

    model = MacroStep
    extra = 0
    fields: ClassVar = [
        "position",
        "kind",
        "text",
        "status",
        "priority",
        "tag",
        "assignee",
        "team",
        "category",
    ]


@admin.register(Macro)
class MacroAdmin(OfTeams, SettingAdmin):
    list_display = ("name", "about", "step_count", "team", "is_active")
    list_filter = ("is_active", ("team", admin.RelatedOnlyFieldListFilter))
    search_fields = ("name", "about")
    fieldsets: ClassVar = [
        (
            None,
            {
                "fields": ["name", "about", "team", "is_active"],
                "description": f"The steps are done in order, all or none. {VARIABLES}",
            },
        )
    ]
    inlines: ClassVar = [MacroStepInline]
    parts = ("steps",)

    class Media:
        js: ClassVar = ["tickets/macro-steps.js"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Macro]:
        macros: QuerySet[Macro] = super().get_queryset(request)
        return macros.annotate(held=Count("steps"))

    @display(description="steps", ordering="held")  # type: ignore[untyped-decorator]
    def step_count(self, macro: Macro) -> int:
        return int(getattr(macro, "held", 0))


@admin.register(CustomField)
class CustomFieldAdmin(SettingAdmin):
    list_display = ("label", "key", "kind", "is_required", "is_active", "position")
    list_filter = ("kind", "is_active")
    search_fields = ("label", "key")

    def get_readonly_fields(
        self, request: HttpRequest, obj: CustomField | None = None
    ) -> tuple[str, ...]:
        return ("key", "kind") if obj is not None else ()  # tickets have values of them

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is not None and Ticket.objects.filter(custom_fields__has_key=obj.key).exists():
            return False  # it can be switched off
        return bool(super().has_delete_permission(request, obj))


class NamedSettingAdmin(SettingAdmin):
    list_display = ("name",)
    search_fields = ("name",)


@admin.register(Team)
class TeamAdmin(SettingAdmin):
    list_display = ("name", "is_private")
    search_fields = ("name",)
    filter_horizontal = ("members",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        teams: QuerySet[Team] = super().get_queryset(request)
        return teams.filter(pk__in=Team.objects.known_to(user_of(request)))


admin.site.register(Category, NamedSettingAdmin)
admin.site.register(Tag, NamedSettingAdmin)


@admin.register(SlaPolicy)
class SlaPolicyAdmin(OfTeams, SettingAdmin):
    list_display = ("position", "name", "fits", "targets", "calendar", "is_active")
    list_display_links = ("name",)
    list_filter = ("is_active",)
    list_select_related = ("category", "team", "calendar")
    search_fields = ("name",)
    fieldsets: ClassVar = [
        (None, {"fields": ["name", "position", "is_active"]}),
        (
            "Which tickets",
            {
                "fields": ["priority", "category", "team"],
                "description": "An empty condition fits every ticket.",
            },
        ),
        (
            "Targets, in working minutes",
            {
                "fields": [
                    "first_reply_minutes",
                    "next_reply_minutes",
                    "resolution_minutes",
                    "warn_minutes",
                    "calendar",
                ],
                "description": "Empty: no target. Clocks stand while a ticket waits for the "
                "customer or is on hold. A policy counts for what begins after it was made.",
            },
        ),
    ]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        refresh_soon()

    def delete_model(self, request: HttpRequest, obj: SlaPolicy) -> None:
        super().delete_model(request, obj)
        refresh_soon()

    @display(description="tickets")  # type: ignore[untyped-decorator]
    def fits(self, policy: SlaPolicy) -> str:
        priority = policy.get_priority_display() if policy.priority is not None else None
        parts = [str(part) for part in (priority, policy.category, policy.team) if part]
        return ", ".join(parts) or "All"

    @display(description="first reply, next reply, resolution")  # type: ignore[untyped-decorator]
    def targets(self, policy: SlaPolicy) -> str:
        minutes = (policy.first_reply_minutes, policy.next_reply_minutes, policy.resolution_minutes)
        return ", ".join(f"{one} min" if one else "-" for one in minutes)


@admin.register(AgentNotice)
class AgentNoticeAdmin(RecordAdmin):
    """One's own notices; opening one leads to its ticket and settles it."""

    list_display = ("words", "kind", "is_new", time_column("created_at", "told"))
    list_filter = ("kind", ("seen_at", admin.EmptyFieldListFilter))
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[AgentNotice]:
        notices: QuerySet[AgentNotice] = super().get_queryset(request)
        return notices.filter(agent=user_of(request))

    @display(description="new", boolean=True)  # type: ignore[untyped-decorator]
    def is_new(self, notice: AgentNotice) -> bool:
        return notice.seen_at is None

    def render_page(
        self, request: HttpRequest, found: Any, *, status: int = 200, **extra: Any
    ) -> HttpResponse:
        mark_notices_seen(agent=user_of(request), ticket=found.ticket)
        url = reverse("admin:tickets_ticket_change", args=[found.ticket_id])
        return HttpResponseRedirect(url)
