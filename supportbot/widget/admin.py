"""Sites in the admin: how the widget looks there, a live preview, and the line to paste."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseBase,
    HttpResponseRedirect,
)
from django.template.response import TemplateResponse
from django.templatetags.static import static
from django.urls import path, reverse
from django.utils.html import format_html
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminColorInputWidget, UnfoldAdminTextareaWidget

from supportbot.widget import secret_pages, self_test
from supportbot.widget.colours import text_on
from supportbot.widget.models import COLOUR, Site
from tickets.admin.base import time_column, user_of
from tickets.services import audit


class LinesField(forms.CharField):
    """A list with an entry a line."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        if isinstance(value, list):
            return value
        return [line.strip() for line in (value or "").splitlines() if line.strip()]


class SiteForm(forms.ModelForm):  # type: ignore[type-arg]
    origins = LinesField(required=False, help_text=Site._meta.get_field("origins").help_text)
    suggestions = LinesField(
        required=False,
        label="Example questions",
        help_text=Site._meta.get_field("suggestions").help_text,
    )

    class Meta:
        model = Site
        fields = (
            *("name", "origins", "is_online", "heading", "greeting", "suggestions"),
            *("privacy_url", "colour", "position", "theme", "language"),
            *("ask_first", "consent", "follow_ups", "has_help", "has_sound"),
            *("has_own_customers", "takes_identities_once"),
        )


@admin.register(Site)
class SiteAdmin(ModelAdmin):  # type: ignore[misc]  # unfold carries no types
    form = SiteForm
    list_display = ("name", "state", "where", time_column("updated_at", "changed"))
    search_fields = ("name",)
    list_before_template = "widget/admin/self_test_link.html"
    change_form_outer_before_template = "widget/admin/snippet.html"
    change_form_outer_after_template = "widget/admin/preview_card.html"
    fieldsets: ClassVar = [
        (None, {"fields": ["name", "is_online", "origins"]}),
        ("Words", {"fields": ["heading", "greeting", "suggestions", "privacy_url", "language"]}),
        ("In the chat", {"fields": ["follow_ups", "has_help", "has_sound"]}),
        ("Before the chat", {"fields": ["ask_first", "consent"]}),
        (
            "Customers who have signed in",
            {"fields": ["has_own_customers", "takes_identities_once"]},
        ),
        ("Look", {"fields": ["colour", "theme", "position"]}),
    ]
    LABELS: ClassVar = {"Online": "success", "Offline": "danger"}

    class Media:
        js = ("sites/site.js",)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "privacy_url":
            kwargs["assume_scheme"] = "https"
        if db_field.name == "colour":
            kwargs["widget"] = UnfoldAdminColorInputWidget()
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @display(description="state", label=LABELS)  # type: ignore[untyped-decorator]
    def state(self, site: Site) -> str:
        return "Online" if site.is_online else "Offline"

    @display(description="origins")  # type: ignore[untyped-decorator]
    def where(self, site: Site) -> str:
        return ", ".join(site.origins) or "none yet"

    # -- pages -----------------------------------------------------------------------------------
    def get_urls(self) -> list[Any]:
        tests = {
            "": self_test.page_view,
            "_stream": self_test.stream_view,
            "_body": self_test.body_view,
            "_headers": self_test.headers_view,
        }
        return [
            path("preview/", self._seen_by(self.preview_view), name="widget_site_preview"),
            path(
                "text-colour/",
                self._seen_by(self.text_colour_view),
                name="widget_site_text_colour",
            ),
            *(
                path(
                    f"connection{part.replace('_', '/')}/",
                    self._seen_by(view),
                    name=f"widget_site_self_test{part}",
                )
                for part, view in tests.items()
            ),
            path(
                "<uuid:site_id>/secret/",
                self.admin_site.admin_view(partial(secret_pages.new_view, self)),
                name="widget_site_secret",
            ),
            path(
                "<uuid:site_id>/secret/end/",
                self.admin_site.admin_view(partial(secret_pages.end_view, self)),
                name="widget_site_secret_end",
            ),
            *super().get_urls(),
        ]

    def _seen_by(self, view: Callable[[HttpRequest], HttpResponseBase]) -> Any:
        """The view, for those who may see sites."""

        def guarded(request: HttpRequest) -> HttpResponseBase:
            if not self.has_view_permission(request):
                raise PermissionDenied
            return view(request)

        return self.admin_site.admin_view(guarded)

    def text_colour_view(self, request: HttpRequest) -> HttpResponse:
        """The colour of text on a colour, for the preview."""
        colour = request.GET.get("colour", "")
        if re.fullmatch(COLOUR, colour) is None:
            return HttpResponseBadRequest("Write it as #rrggbb.", content_type="text/plain")
        return HttpResponse(text_on(colour), content_type="text/plain")

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """An empty page with the widget, which the form beside it dresses."""
        return TemplateResponse(request, "widget/admin/preview.html")

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        snippet = _snippet(request, object_id) if object_id else ""
        secrets = secret_pages.secrets_of(object_id) if object_id else []
        may = self.has_change_permission(request)
        context = {
            "snippet": snippet,
            "secrets": secrets,
            "may_change": may,
            **(extra_context or {}),
        }
        response: HttpResponse = super().changeform_view(request, object_id, form_url, context)
        return response

    def response_add(
        self, request: HttpRequest, obj: Site, post_url_continue: str | None = None
    ) -> HttpResponse:
        """On to the site's own page: there is the line to paste."""
        if "_addanother" in request.POST:
            response: HttpResponse = super().response_add(request, obj, post_url_continue)
            return response
        self.message_user(request, f"{obj} is set up. Paste the line below onto its pages.")
        return HttpResponseRedirect(reverse("admin:widget_site_change", args=[obj.pk]))

    # -- changes ---------------------------------------------------------------------------------
    def save_model(self, request: HttpRequest, obj: Site, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and not form.changed_data:
            return
        audit.record(
            action="site.changed" if change else "site.created",
            target=obj,
            actor=user_of(request),
            name=obj.name,
            is_online=obj.is_online,
            fields=sorted(form.changed_data),
        )

    def delete_model(self, request: HttpRequest, obj: Site) -> None:
        audit.record(action="site.deleted", target=obj, actor=user_of(request), name=obj.name)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for site in queryset:
            self.delete_model(request, site)


def _snippet(request: HttpRequest, site_id: str) -> str:
    address = request.build_absolute_uri(static("widget/support-chat.js"))
    return format_html('<script src="{}" async data-site="{}"></script>', address, site_id)
