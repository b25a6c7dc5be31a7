"""Web sources in the admin: the list, adding and changing, a source's own page, deleting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, cast

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
    QueryDict,
)
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import display

from knowledge.admin import web_overview
from knowledge.admin.base import ids_in, local_time, user_of
from knowledge.admin.web_form import WebSourceForm
from knowledge.models import WebSource
from knowledge.rights import REFUSED, may_publish
from knowledge.services.web.sources import (
    change_web_source,
    create_web_source,
    delete_web_source,
    refresh_web_source,
    stop_web_source,
)

_MOST_CELLS = 200
REFUSED_SOURCE = (
    "This source publishes its pages as soon as they are read. Only who has the right to publish "
    "changes it; ask a publisher."
)


@admin.register(WebSource)
class WebSourceAdmin(ModelAdmin):  # type: ignore[misc]  # unfold carries no types
    """A source's page shows what became of its pages; its terms have a form of their own."""

    list_display = ("address", "collection", "audience", "status_cell", "refreshed", "next_refresh")
    list_filter = ("collection", "kind", "active")
    list_before_template = "knowledge/admin/web_above_list.html"
    empty_help = (
        "Give the address of a page, a list of pages or a sitemap. Each page becomes a document "
        "and is fetched again on a schedule; pages that disappear are retired. Sites are asked no "
        "more than once a second, and their robots.txt is obeyed."
    )
    search_fields = ("url", "urls")
    search_help_text = "Address"
    ordering = ("-id",)
    list_per_page = 50
    actions = None  # a source is deleted on its own, with a choice about its documents

    class Media:
        js: ClassVar = ["knowledge/polling.js", "knowledge/web_sources.js"]

    def get_urls(self) -> list[Any]:
        views: dict[str, tuple[str, Callable[..., HttpResponse]]] = {
            "progress": ("progress/", self.progress_view),
            "edit": ("<int:pk>/edit/", self.edit_view),
            "refresh": ("<int:pk>/refresh/", self.refresh_view),
            "stop": ("<int:pk>/stop/", self.stop_view),
        }
        own = [
            path(route, self.admin_site.admin_view(view), name=f"knowledge_websource_{name}")
            for name, (route, view) in views.items()
        ]
        return [*own, *super().get_urls()]

    # -- The list --------------------------------------------------------------------------------
    def get_queryset(self, request: HttpRequest) -> QuerySet[WebSource]:
        return web_overview.with_counts(super().get_queryset(request))

    @display(description="source", ordering="url")  # type: ignore[untyped-decorator]
    def address(self, source: WebSource) -> SafeString:
        kind = str(source.get_kind_display())
        return format_html('{}<div class="sb-muted">{}</div>', source, kind)

    @display(description="status")  # type: ignore[untyped-decorator]
    def status_cell(self, source: WebSource) -> SafeString:
        cell = '<div data-web-source="{}" class="sb-cell">{}</div>'
        return format_html(cell, source.pk, web_overview.render_status(source))

    @display(description="last refresh", ordering="last_finished_at")  # type: ignore[untyped-decorator]
    def refreshed(self, source: WebSource) -> str:
        return local_time(source.last_finished_at) if source.last_finished_at else "never"

    @display(description="next refresh", ordering="next_run_at")  # type: ignore[untyped-decorator]
    def next_refresh(self, source: WebSource) -> str:
        return describe_next(source)

    def progress_view(self, request: HttpRequest) -> JsonResponse:
        """The present status of the sources in `ids`, and how many runs are under way."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        ids = ids_in(request.GET.get("ids", ""), _MOST_CELLS)
        sources = self.get_queryset(request).filter(pk__in=ids)
        cells = {source.pk: web_overview.render_status(source) for source in sources}
        running = sum(source.status == WebSource.Status.RUNNING for source in sources)
        return JsonResponse({"sources": cells, "running": running})

    # -- Adding and changing ---------------------------------------------------------------------
    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = WebSourceForm(_sent(request), publishes=may_publish(request.user))
        if not form.is_valid():
            return self._page(request, "web_form", title="Add a web source", form=form)
        source = create_web_source(checked=form.checked, created_by=user_of(request))
        self.log_addition(request, source, "Added.")
        messages.success(request, "The source is saved, and its pages are being fetched.")
        return _to_source(source)

    def edit_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        source = self._source(request, pk)
        publishes = may_publish(request.user)
        if not self.has_change_permission(request, source):
            raise PermissionDenied
        if source.publish and not publishes:
            raise PermissionDenied(REFUSED_SOURCE)
        form = WebSourceForm(_sent(request), existing=source, publishes=publishes)
        if not form.is_valid():
            return self._page(
                request, "web_form", title="Change a web source", form=form, original=source
            )
        change_web_source(source=source, checked=form.checked, by=user_of(request))
        self.log_change(request, source, "Changed its terms.")
        messages.success(request, "The source is saved.")
        return _to_source(source)

    # -- A source's page -------------------------------------------------------------------------
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        source = self.get_object(request, unquote(object_id))
        if source is None:
            redirect = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
            return cast(HttpResponse, redirect)
        if not self.has_view_permission(request, source):
            raise PermissionDenied
        return self._page(
            request,
            "web_source",
            original=source,
            title=str(source),
            can_change=self.has_change_permission(request, source),
            can_edit=not source.publish or may_publish(request.user),
            can_delete=self.has_delete_permission(request, source),
            next_refresh=describe_next(source),
            **web_overview.page_context(source, request.GET),
        )

    def refresh_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """POST: fetch the pages now."""
        source = self._source_to_change(request, pk)
        if refresh_web_source(source=source):
            self.log_change(request, source, "Asked for a refresh.")
            messages.success(request, "The pages are being fetched.")
        else:
            messages.warning(request, "The source is switched off. Switch it on to refresh it.")
        return _to_source(source)

    def stop_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """POST: end the run that is under way."""
        source = self._source_to_change(request, pk)
        if stop_web_source(source=source):
            self.log_change(request, source, "Stopped a refresh.")
            messages.success(request, "Stopped. What was read so far stays.")
        else:
            messages.warning(request, "No refresh is under way.")
        return _to_source(source)

    # -- Deleting --------------------------------------------------------------------------------
    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Asks what is to become of the documents."""
        source = get_object_or_404(self.get_queryset(request), pk=unquote(object_id))
        if not self.has_delete_permission(request, source):
            raise PermissionDenied
        documents = source.pages.exclude(document=None).values("document").distinct().count()
        choice = request.POST.get("documents", "")
        if choice == "retire" and not may_publish(request.user):
            raise PermissionDenied(REFUSED)
        if request.method != "POST" or choice not in {"keep", "retire"}:
            return self._page(
                request,
                "web_delete",
                title="Delete a web source",
                original=source,
                source=source,
                documents=documents,
                may_retire=may_publish(request.user),
                nothing_chosen=request.method == "POST",
            )
        self.log_deletions(request, [source])
        delete_web_source(source=source, retire=choice == "retire")
        outcome = "its documents are retired" if choice == "retire" else "its documents stay"
        messages.success(request, f"The source is deleted, and {outcome}.")
        return HttpResponseRedirect(reverse("admin:knowledge_websource_changelist"))

    # -- What all share --------------------------------------------------------------------------
    def _source(self, request: HttpRequest, pk: int) -> WebSource:
        source = get_object_or_404(self.get_queryset(request), pk=pk)
        if not self.has_view_permission(request, source):
            raise PermissionDenied
        return source

    def _source_to_change(self, request: HttpRequest, pk: int) -> WebSource:
        if request.method != "POST":
            raise Http404
        if not self.has_change_permission(request):
            raise PermissionDenied
        return self._source(request, pk)

    def _page(self, request: HttpRequest, name: str, **context: Any) -> HttpResponse:
        request.current_app = self.admin_site.name
        shared = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media}
        return TemplateResponse(request, f"knowledge/admin/{name}.html", {**shared, **context})


def describe_next(source: WebSource) -> str:
    """When the source is fetched next, in words."""
    if not source.active:
        return "switched off"
    if source.status == WebSource.Status.RUNNING:
        return "now"
    if source.next_run_at is None:
        return "only by hand"
    return local_time(source.next_run_at) if source.next_run_at > timezone.now() else "in a moment"


def _sent(request: HttpRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _to_source(source: WebSource) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("admin:knowledge_websource_change", args=[source.pk]))
