"""Lock-outs in the admin, with the action that ends one."""

from __future__ import annotations

from typing import Any, cast

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from unfold.admin import ModelAdmin

from supportbot.accounts import lockout
from tickets.admin.base import local_time, user_of

# Their pages show keys, or set up what the settings decide.
for model in (TOTPDevice, StaticDevice, EmailAddress, SocialAccount, SocialApp, SocialToken):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


@admin.register(AccessAttempt)
class LockOutAdmin(ModelAdmin):  # type: ignore[misc]  # unfold carries no types
    """Failed log-ins that still count; who has as many as the limit is locked out."""

    list_display = ("account", "ip_address", "failures_since_start", "last_try", "is_locked")
    list_display_links = None
    search_fields = ("username", "ip_address")
    actions = ("unlock",)
    ordering = ("-attempt_time",)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        context = {"title": "Failed log-ins and lock-outs", **(extra_context or {})}
        return cast(HttpResponse, super().changelist_view(request, context))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return lockout.lock_outs()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_unlock_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("axes.delete_accessattempt")

    @admin.display(description="account", ordering="username")
    def account(self, one: AccessAttempt) -> str:
        name = one.username or ""
        return "no account of this name" if name.startswith(lockout.UNKNOWN) else name

    @admin.display(description="last try", ordering="attempt_time")
    def last_try(self, one: AccessAttempt) -> str:
        return local_time(one.attempt_time)

    @admin.display(description="locked out", boolean=True)
    def is_locked(self, one: AccessAttempt) -> bool:
        return lockout.failures(one) >= int(settings.ACCOUNTS.tries)

    @admin.action(description="Unlock", permissions=["unlock"])
    def unlock(self, request: HttpRequest, chosen: QuerySet[Any]) -> None:
        for attempt in chosen:
            lockout.unlock(attempt=attempt, actor=user_of(request))
        messages.success(request, "Unlocked. They can log in again.")
