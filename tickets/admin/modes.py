"""What the bot does in each channel, switched in the admin."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse

from tickets.admin.base import time_column, user_of
from tickets.admin.settings import SettingAdmin
from tickets.models import ChannelMode, Conversation
from tickets.services.modes import configured_mode, let_open_ones_follow, mode_of

Mode = Conversation.Mode


@admin.register(ChannelMode)
class ChannelModeAdmin(SettingAdmin):
    list_display = ("channel", "in_effect", "set_by", time_column("updated_at", "changed"))
    fields = ("channel", "mode")
    readonly_fields = ("channel",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # each channel has its row

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        for channel in ChannelMode.Channel:
            ChannelMode.objects.get_or_create(channel=channel)
        context = {"title": "What the bot does in each channel", **(extra_context or {})}
        return cast(HttpResponse, super().changelist_view(request, context))

    @admin.display(description="now")
    def in_effect(self, row: ChannelMode) -> str:
        return str(Mode(mode_of(row.channel)).label)

    @admin.display(description="decided by")
    def set_by(self, row: ChannelMode) -> str:
        return "this setting" if row.mode else "the configuration"

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_choice_field(db_field, request, **kwargs)
        if db_field.name == "mode" and field is not None:
            field.choices = [("", "As configured"), *Mode.choices]
        return field

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, **kwargs)
        if obj is not None and "mode" in form.base_fields:
            configured = Mode(configured_mode(obj.channel)).label.lower()
            chosen = [("", f"As configured: {configured}"), *Mode.choices]
            if obj.channel == ChannelMode.Channel.API:
                by_people = {Mode.DRAFT.value, Mode.SUGGEST.value}
                chosen = [one for one in chosen if one[0] not in by_people]
            form.base_fields["mode"].choices = chosen
        return form

    def save_model(self, request: HttpRequest, obj: ChannelMode, form: Any, change: bool) -> None:
        before = mode_of(obj.channel)
        super().save_model(request, obj, form, change)
        followed = let_open_ones_follow(
            channel=obj.channel, before=before, after=mode_of(obj.channel), agent=user_of(request)
        )
        if followed:
            words = (
                "1 open conversation follows" if followed == 1 else f"{followed} open ones follow"
            )
            self.message_user(request, f"It holds from now on. {words}.", messages.INFO)
