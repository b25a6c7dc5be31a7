"""Documents in the admin: the list with progress, uploading, and a document's own page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, ClassVar, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    JsonResponse,
)
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import display

from knowledge.admin import listing
from knowledge.admin.page import page_context
from knowledge.admin.upload import Batch, UploadForm, take_batch
from knowledge.models import Document, DocumentVersion, Passage
from knowledge.services.documents import delete_document, retry_version
from knowledge.services.publishing import retire_version

State, Status = DocumentVersion.State, DocumentVersion.Status


@admin.register(Document)
class DocumentAdmin(ModelAdmin):  # type: ignore[misc]  # unfold carries no types
    """A document changes by a new version only, so its page has buttons and no form."""

    list_display = ("title", "collection", "status_cell", "state_cell", "in_effect", "changed")
    list_filter = ("collection", listing.StatusFilter, listing.StateFilter)
    list_before_template = "knowledge/admin/progress.html"
    search_fields = ("title", "external_id", "versions__file_name")
    search_help_text = "Title or file name"
    ordering = ("-updated_at",)
    list_per_page = 50
    show_add_link = False

    class Media:
        js: ClassVar = ["knowledge/progress.js"]

    def get_urls(self) -> list[Any]:
        views = {
            "progress/": ("progress", self.progress_view),
            "versions/<int:pk>/file/": ("file", self.file_view),
            "versions/<int:pk>/text/": ("text", self.text_view),
            "versions/<int:pk>/retry/": ("retry", self.retry_view),
            "versions/<int:pk>/retire/": ("retire", self.retire_view),
        }
        own = [
            path(route, self.admin_site.admin_view(view), name=f"knowledge_document_{name}")
            for route, (name, view) in views.items()
        ]
        return [*own, *super().get_urls()]

    # -- The list --------------------------------------------------------------------------------
    def get_queryset(self, request: HttpRequest) -> QuerySet[Document]:
        return listing.with_versions(super().get_queryset(request))

    @display(description="status", ordering="newest_status")  # type: ignore[untyped-decorator]
    def status_cell(self, document: Document) -> SafeString:
        return listing.render_status_cell(document)

    @display(description="state", ordering="newest_state")  # type: ignore[untyped-decorator]
    def state_cell(self, document: Document) -> SafeString:
        return listing.render_state_cell(document)

    @display(description="updated", ordering="updated_at")  # type: ignore[untyped-decorator]
    def changed(self, document: Document) -> str:
        return date_format(timezone.localtime(document.updated_at), "j M Y, H:i")

    @display(description="in effect")  # type: ignore[untyped-decorator]
    def in_effect(self, document: Document) -> str:
        version = listing.published_of(document) or listing.newest_of(document)
        return listing.describe_dates(version) if version else ""

    def progress_view(self, request: HttpRequest) -> JsonResponse:
        """The present cells of the documents in `ids`, and how many documents are in progress."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        ids = [int(i) for i in request.GET.get("ids", "").split(",")[:200] if _is_id(i)]
        documents = self.get_queryset(request).filter(pk__in=ids)
        cells = {
            document.pk: {
                "status": listing.render_status(listing.newest_of(document)),
                "state": listing.render_state(document),
            }
            for document in documents
        }
        return JsonResponse({"documents": cells, "in_progress": listing.count_in_progress()})

    # -- Uploading -------------------------------------------------------------------------------
    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Documents are added by uploading files; this page takes the place of the add form."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        sent = (request.POST, request.FILES) if request.method == "POST" else ()
        form = UploadForm(*sent)
        if not form.is_valid():
            return self._render(request, "upload", title="Upload documents", form=form)
        results = take_batch(batch=Batch(**form.cleaned_data), created_by=_user(request))
        for result in results:
            if result.version is not None and result.kind == "accepted":
                text = f"Uploaded “{result.file_name}” as version {result.version.number}."
                self.log_addition(request, result.version.document, text)
        counts = Counter(result.kind for result in results)
        return self._render(
            request, "uploaded", title="Uploaded files", results=results, counts=counts
        )

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
        return self._render(
            request,
            "document",
            original=document,
            title=document.title,
            can_change=self.has_change_permission(request, document),
            can_delete=self.has_delete_permission(request, document),
            can_upload=self.has_add_permission(request),
            **page_context(document=document, query=request.GET),
        )

    def file_view(self, request: HttpRequest, pk: int) -> HttpResponse | FileResponse:
        """The stored file, always as a download: it is a stranger's bytes on the admin's origin."""
        version = self._version(request, pk)
        try:
            content = version.file.open("rb")
        except (FileNotFoundError, ValueError):
            messages.error(
                request, f"The file “{version.file_name}” is no longer stored. Upload it again."
            )
            return _to_document(version)
        response = FileResponse(
            content,
            as_attachment=True,
            filename=version.file_name,
            content_type="application/octet-stream",
        )
        response["X-Content-Type-Options"] = "nosniff"
        return response

    def text_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The text as it was read, as plain text."""
        version = self._version(request, pk)
        response = HttpResponse(version.markdown, content_type="text/plain; charset=utf-8")
        response["X-Content-Type-Options"] = "nosniff"
        return response

    def retry_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """POST: queue a failed version again."""
        version = self._version_to_change(request, pk)
        if version.status != Status.FAILED:
            messages.warning(request, f"Version {version.number} has not failed.")
            return _to_document(version)
        retry_version(version=version)
        self.log_change(request, version.document, f"Tried version {version.number} again.")
        messages.success(request, f"Version {version.number} is waiting to be read again.")
        return _to_document(version)

    def retire_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """POST: take a published version out of service."""
        version = self._version_to_change(request, pk)
        if version.state != State.PUBLISHED:
            messages.warning(request, f"Version {version.number} is not published.")
            return _to_document(version)
        retire_version(version=version)
        self.log_change(request, version.document, f"Retired version {version.number}.")
        messages.success(
            request, f"Version {version.number} is retired. Customers are not answered from it."
        )
        return _to_document(version)

    def _version(self, request: HttpRequest, pk: int) -> DocumentVersion:
        version = get_object_or_404(DocumentVersion.objects.select_related("document"), pk=pk)
        if not self.has_view_permission(request, version.document):
            raise PermissionDenied
        return version

    def _version_to_change(self, request: HttpRequest, pk: int) -> DocumentVersion:
        if request.method != "POST":
            raise Http404
        if not self.has_change_permission(request):
            raise PermissionDenied
        return self._version(request, pk)

    def _render(self, request: HttpRequest, name: str, **context: Any) -> HttpResponse:
        request.current_app = self.admin_site.name
        shared = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media}
        return TemplateResponse(request, f"knowledge/admin/{name}.html", {**shared, **context})

    # -- Deleting --------------------------------------------------------------------------------
    def delete_model(self, request: HttpRequest, obj: Document) -> None:
        delete_document(document=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Document]) -> None:
        for document in queryset:
            delete_document(document=document)

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


def _to_document(version: DocumentVersion) -> HttpResponseRedirect:
    url = reverse("admin:knowledge_document_change", args=[version.document_id])
    return HttpResponseRedirect(f"{url}?version={version.number}")


def _user(request: HttpRequest) -> User:
    return cast(User, request.user)  # admin_view lets nobody else in


def _is_id(text: str) -> bool:
    # Shorter than the largest bigint; int() refuses thousands of digits.
    return text.isascii() and text.isdecimal() and len(text) < len(str(2**63))
