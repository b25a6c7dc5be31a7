"""Agents: who is there, and what they are good at."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin

from tickets.admin.base import time_column
from tickets.admin.settings import SettingAdmin
from tickets.models import AgentProfile
from tickets.services.names import staff_name


@admin.register(AgentProfile)
class AgentProfileAdmin(SettingAdmin):
    list_display = ("name", "user", "is_away", time_column("last_assigned_at", "last assigned"))
    list_filter = ("is_away",)
    list_select_related = ("user",)
    search_fields = ("user__username", "user__first_name", "user__last_name")
    fields = ("user", "is_away", "skills")
    filter_horizontal: ClassVar = ("skills",)
    parts: ClassVar[tuple[str, ...]] = ("skills",)

    @admin.display(ordering="user__first_name")
    def name(self, profile: AgentProfile) -> str:
        return staff_name(profile.user)
