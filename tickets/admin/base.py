"""What the admin classes of this app share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, cast

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from unfold.admin import ModelAdmin


class RecordAdmin(ModelAdmin):  # type: ignore[misc]  # unfold carries no types
    """Shows rows and changes nothing by a form: what changes them are services."""

    show_add_link = False
    page_template = ""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The row's own page, for those who may view it."""
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        found = self.get_object(request, object_id)
        if found is None:
            redirect = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
            return cast(HttpResponse, redirect)
        if not self.has_view_permission(request, found):
            raise PermissionDenied
        return self.render_page(request, found)

    def render_page(
        self, request: HttpRequest, found: Model, *, status: int = 200, **extra: Any
    ) -> HttpResponse:
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": found,
            "title": str(found),
            "media": self.media,
            "can_change": self.has_change_permission(request, found),
            **self.page_context(request, found),
            **extra,
        }
        return TemplateResponse(request, self.page_template, context, status=status)

    def page_context(self, request: HttpRequest, found: Any) -> dict[str, Any]:
        """What the page's template needs beyond the row."""
        return {}


def user_of(request: HttpRequest) -> User:
    return cast(User, request.user)  # admin_view lets nobody else in


def describe_age(moment: dt.datetime) -> SafeString:
    """“3 minutes ago”, with the exact time on hover."""
    seconds = (timezone.now() - moment).total_seconds()
    minute = 60
    text = "just now" if seconds < minute else f"{timesince(moment, depth=1)} ago"
    exact = date_format(timezone.localtime(moment), "j M Y, H:i")
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exact, text)


def labels(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Status → unfold's label colour, as plain strings."""
    return {str(status): colour for status, colour in pairs}
