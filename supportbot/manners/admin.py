"""Replies and examples of manners in the admin."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from supportbot.manners.models import MannerExample, MannerReply
from supportbot.manners.recognise import forget
from supportbot.manners.replies import DEFAULTS
from tickets.admin.base import time_column
from tickets.admin.settings import SettingAdmin


@admin.register(MannerReply)
class MannerReplyAdmin(SettingAdmin):  # type: ignore[type-arg,misc,unused-ignore]
    list_display: ClassVar = ["manner", "said", "is_on"]

    @admin.display(description="What the bot says")
    def said(self, reply: MannerReply) -> str:
        return reply.text or DEFAULTS[reply.manner]

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False  # there is one for each manner

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> list[str]:
        return ["manner", "product_reply"]

    @admin.display(description="Reply that comes with the product")
    def product_reply(self, reply: MannerReply) -> str:
        return DEFAULTS[reply.manner]

    def save_model(self, request: HttpRequest, obj: MannerReply, *args: Any) -> None:
        super().save_model(request, obj, *args)
        forget()


@admin.register(MannerExample)
class MannerExampleAdmin(SettingAdmin):  # type: ignore[type-arg,misc,unused-ignore]
    list_display: ClassVar = ["text", "manner", time_column("created_at", "added")]
    list_filter: ClassVar = ["manner"]
    search_fields: ClassVar = ["text"]

    def save_model(self, request: HttpRequest, obj: MannerExample, *args: Any) -> None:
        super().save_model(request, obj, *args)
        forget()

    def delete_model(self, request: HttpRequest, obj: MannerExample) -> None:
        super().delete_model(request, obj)
        forget()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[MannerExample]) -> None:
        super().delete_queryset(request, queryset)
        forget()
