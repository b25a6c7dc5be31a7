"""Documents in the admin: the list, uploading, a document's own page, deleting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, ClassVar, cast

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from unfold.decorators import display

from knowledge.admin import bulk, describing, editing, filters, listing, views
from knowledge.admin.base import Desk, local_time, user_of, version_url
from knowledge.admin.page import page_context
from knowledge.admin.steps import STEPS
from knowledge.admin.undo import take_offer
from knowledge.admin.upload import Batch, Result, UploadForm, take_batch
from knowledge.locales import locale_name
from knowledge.models import Document, DocumentVersion, Passage
from knowledge.rights import may_publish
from knowledge.services.ingestion.documents import delete_document
from knowledge.services.lifecycle.bulk import BULK


def _step_views() -> dict[str, tuple[str, Callable[..., HttpResponse]]]:
    return {
        name: (f"versions/<int:pk>/{name}/", partial(views.do_step, name=name)) for name in STEPS
    }


def _bulk_action(name: str) -> Callable[..., HttpResponse | None]:
    """As Django's admin wants its actions."""

    def act(desk: Desk, request: HttpRequest, queryset: QuerySet[Document]) -> HttpResponse | None:
        return bulk.offer_bulk(desk, request, queryset, name)

    act.__name__ = f"bulk_{name}"
    act.short_description = BULK[name].label  # type: ignore[attr-defined]
    right = "publish" if BULK[name].publishes else "change"
    act.allowed_permissions = (right,)  # type: ignore[attr-defined]
    return act


@admin.register(Document)
class DocumentAdmin(Desk):
    """A document's text changes by a new version only; its page has forms for what is said of it
    and steps for its versions."""

    own_views: ClassVar = {
        "progress": ("progress/", views.show_progress),
        "add_file": ("add/file/", lambda desk, request: desk.take_one_view(request)),
        "file": ("versions/<int:pk>/file/", views.show_file),
        "text": ("versions/<int:pk>/text/", views.show_text),
        "page": ("versions/<int:pk>/pages/<int:page>.png", views.show_page),
        "read": ("versions/<int:pk>/read/", views.show_reading),
        "compare": ("<int:pk>/compare/", views.show_comparison),
        "dismiss": ("warnings/<int:pk>/dismiss/", views.dismiss),
        "bring_back": ("warnings/<int:pk>/bring-back/", views.bring_back),
        "describe": ("<int:pk>/describe/", describing.describe),
        "edit": ("versions/<int:pk>/edit/", editing.edit_text),
        "preview": ("versions/<int:pk>/preview/", editing.preview_text),
        "bulk": ("bulk/<slug:name>/", bulk.do_bulk),
        "job": ("jobs/<uuid:job>/", bulk.show_job),
        "undo": ("undo/<uuid:batch>/", views.do_undo),
        "undo_event": ("events/<int:pk>/undo/", views.do_undo),
        **_step_views(),
    }
    list_display = ("title_cell", "status_cell", "state_cell", "audience", "warnings", "changed")
    list_filter = (
        filters.CollectionFilter,
        filters.StatusFilter,
        filters.StateFilter,
        filters.AudienceFilter,
        filters.LocaleFilter,
        filters.WarningFilter,
    )
    list_before_template = "knowledge/admin/above_list.html"
    search_fields = ("title", "external_id", "versions__file_name")
    search_help_text = "Title or file name"
    ordering = ("-updated_at",)
    list_per_page = 50
    show_add_link = False
    actions = tuple(_bulk_action(name) for name in BULK)

    class Media:
        css: ClassVar = {"all": ["knowledge/desk.css"]}
        js: ClassVar = ["knowledge/polling.js", "knowledge/progress.js"]

    def has_publish_permission(self, request: HttpRequest) -> bool:
        return self.has_change_permission(request) and may_publish(request.user)

    # -- The list --------------------------------------------------------------------------------
    def get_queryset(self, request: HttpRequest) -> QuerySet[Document]:
        return listing.with_versions(super().get_queryset(request))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        offer = take_offer(request) if request.method == "GET" else None
        context = {**(extra_context or {}), "undo": offer}
        return cast(HttpResponse, super().changelist_view(request, context))

    @display(description="title", ordering="title")  # type: ignore[untyped-decorator]
    def title_cell(self, document: Document) -> SafeString:
        return render_to_string(
            "knowledge/admin/title.html",
            {"document": document, "language": locale_name(document.locale)},
        )

    @display(description="reading", ordering="newest_status")  # type: ignore[untyped-decorator]
    def status_cell(self, document: Document) -> SafeString:
        status = listing.render_status(listing.newest_of(document))
        return listing.render_cell(document, "status", status)

    @display(description="state", ordering="newest_state")  # type: ignore[untyped-decorator]
    def state_cell(self, document: Document) -> SafeString:
        return listing.render_cell(document, "state", listing.render_state(document))

    @display(description="for", ordering="newest_audience")  # type: ignore[untyped-decorator]
    def audience(self, document: Document) -> str:
        return listing.audience_of(document)

    @display(description="warnings", ordering="open_warnings")  # type: ignore[untyped-decorator]
    def warnings(self, document: Document) -> SafeString:
        return listing.render_cell(document, "warnings", listing.render_warnings(document))

    @display(description="updated", ordering="updated_at")  # type: ignore[untyped-decorator]
    def changed(self, document: Document) -> SafeString:
        return local_time(document.updated_at)

    # -- Uploading -------------------------------------------------------------------------------
    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Documents are added by uploading files; this page takes the place of the add form."""
        form = self._upload_form(request)
        if not form.is_valid():
            return self.page(request, "upload", title="Upload documents", form=form)
        results = take_batch(batch=Batch(**form.cleaned_data), created_by=user_of(request))
        counts = Counter(result.kind for result in results)
        rows = [
            {"result": result, "status": listing.render_status(result.version)}
            for result in results
        ]
        return self.page(request, "uploaded", title="Uploaded files", rows=rows, counts=counts)

    def take_one_view(self, request: HttpRequest) -> HttpResponse:
        """POST, by the upload page: one file, answered as JSON. 400 when it was refused."""
        form = self._upload_form(request)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not form.is_valid():
            fields = {name: [str(text) for text in errors] for name, errors in form.errors.items()}
            text = " ".join(text for errors in fields.values() for text in errors)
            return JsonResponse({"kind": "refused", "text": text, "fields": fields}, status=400)
        (result,) = take_batch(
            batch=Batch(**{**form.cleaned_data, "uploads": form.cleaned_data["uploads"][:1]}),
            created_by=user_of(request),
        )
        return JsonResponse(_as_json(result), status=400 if result.version is None else 200)

    def _upload_form(self, request: HttpRequest) -> UploadForm:
        if not self.has_add_permission(request):
            raise PermissionDenied
        publishes = may_publish(request.user)
        if request.method == "POST":
            return UploadForm(request.POST, request.FILES, publishes=publishes)
        chosen = {name: request.GET.get(name) for name in ("collection", "document")}
        initial = {name: value for name, value in chosen.items() if value}
        return UploadForm(initial=initial, publishes=publishes)

    # -- A document's page -----------------------------------------------------------------------
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        document = self.get_object(request, object_id)
        if document is None:
            redirect = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
            return cast(HttpResponse, redirect)
        if not self.has_view_permission(request, document):
            raise PermissionDenied
        return self.page(
            request,
            "document",
            original=document,
            title=document.title,
            can_change=self.has_change_permission(request, document),
            can_delete=self.has_delete_permission(request, document),
            can_upload=self.has_add_permission(request),
            undo=take_offer(request),
            **page_context(request, document),
        )

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """The document's own history, in place of what Django's admin remembers."""
        document = self.get_object(request, unquote(object_id))
        if document is None:
            redirect = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
            return cast(HttpResponse, redirect)
        if not self.has_view_permission(request, document):
            raise PermissionDenied
        return views.show_history(self, request, document)

    # -- Deleting --------------------------------------------------------------------------------
    def delete_model(self, request: HttpRequest, obj: Document) -> None:
        delete_document(document=obj, by=user_of(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Document]) -> None:
        for document in queryset:
            delete_document(document=document, by=user_of(request))

    def get_deleted_objects(
        self, objs: Iterable[Document], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """The confirmation names what goes in numbers; a manual has thousands of passages."""
        documents = list(objs)
        counts = {
            "documents": len(documents),
            "versions": DocumentVersion.objects.filter(document__in=documents).count(),
            "passages": Passage.objects.filter(version__document__in=documents).count(),
        }
        lines = [f"Document: {document}" for document in documents]
        refused = set() if self.has_delete_permission(request) else {"document"}
        return lines, counts, refused, []


def _as_json(result: Result) -> dict[str, Any]:
    answer: dict[str, Any] = {"kind": result.kind, "text": result.text}
    if result.version is not None:
        answer |= {
            "version": result.version.pk,
            "url": version_url(result.version),
            "status": result.version.status,
            "html": listing.render_status(result.version),
        }
    return answer
