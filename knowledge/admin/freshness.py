"""The page “Freshness”: whether all that is served is in effect, as last proven, or proven now."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from knowledge.admin.base import ReadOnlyAdmin
from knowledge.models import FreshnessCheck
from knowledge.services.lifecycle.freshness import record_check

SHOWN_CHECKS = 20


@admin.register(FreshnessCheck)
class FreshnessCheckAdmin(ReadOnlyAdmin):
    """The last check as a page of its own in the place of a list."""

    actions: ClassVar = None

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.check_view)
        return [path("check/", view, name="knowledge_freshnesscheck_check"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        checks = list(FreshnessCheck.objects.all()[:SHOWN_CHECKS])
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Freshness",
            "last": checks[0] if checks else None,
            "earlier": checks[1:],
        }
        return TemplateResponse(request, "knowledge/admin/freshness.html", context)

    def check_view(self, request: HttpRequest) -> HttpResponse:
        """POST: prove it now; some seconds for a hundred thousand passages."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        record_check()
        return HttpResponseRedirect(_page())

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return HttpResponseRedirect(_page())


def _page() -> str:
    return reverse("admin:knowledge_freshnesscheck_changelist")
