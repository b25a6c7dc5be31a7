"""What the pages of the editor's desk share: views by name, versions by id, and who may do what."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, cast

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.cache import patch_cache_control
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

from knowledge.models import Document, DocumentVersion
from knowledge.rights import REFUSED, may_publish

LARGEST_ID = 2**63 - 1  # of a bigint


class ReadOnlyAdmin(ModelAdmin):  # type: ignore[misc]  # unfold carries no types
    """Shows rows that no form changes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Desk(ModelAdmin):  # type: ignore[misc]  # unfold carries no types
    """An admin of documents with views of its own.

    `own_views` maps a name to (route, view); the view is a function of this admin, the request and
    what the route names, and its URL is called `admin:knowledge_document_NAME`.
    """

    own_views: ClassVar[dict[str, tuple[str, Callable[..., HttpResponseBase]]]] = {}

    def get_urls(self) -> list[Any]:
        own = [
            path(
                route,
                self.admin_site.admin_view(partial(view, self)),
                name=f"knowledge_document_{name}",
            )
            for name, (route, view) in self.own_views.items()
        ]
        return [*own, *super().get_urls()]

    def page(self, request: HttpRequest, name: str, /, **context: Any) -> HttpResponse:
        """A page in the admin's frame, from knowledge/admin/NAME.html."""
        request.current_app = self.admin_site.name
        shared = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media}
        response = TemplateResponse(request, f"knowledge/admin/{name}.html", {**shared, **context})
        patch_cache_control(response, private=True, no_cache=True)
        return response

    def document(self, request: HttpRequest, pk: int) -> Document:
        """Raises Http404, and PermissionDenied to those who may not look."""
        document = get_object_or_404(Document.objects.select_related("collection"), pk=pk)
        if not self.has_view_permission(request, document):
            raise PermissionDenied
        return document

    def version(self, request: HttpRequest, pk: int) -> DocumentVersion:
        """Without its text, which may be megabytes. Raises like `document`."""
        versions = DocumentVersion.objects.select_related("document__collection", "created_by")
        version = get_object_or_404(versions.defer("markdown"), pk=pk)
        if not self.has_view_permission(request, version.document):
            raise PermissionDenied
        return version

    def require_publisher(self, request: HttpRequest) -> None:
        """Raises PermissionDenied with a sentence that says what to do instead."""
        if not may_publish(request.user):
            raise PermissionDenied(REFUSED)

    def require_change(self, request: HttpRequest) -> None:
        """Only a POST changes anything, and only by those who may."""
        if request.method != "POST":
            raise Http404
        if not self.has_change_permission(request):
            raise PermissionDenied


def user_of(request: HttpRequest) -> User:
    return cast(User, request.user)  # admin_view lets nobody else in


def to_document(version: DocumentVersion) -> HttpResponseRedirect:
    """Back to the version on its document's page."""
    return HttpResponseRedirect(version_url(version))


def version_url(version: DocumentVersion) -> str:
    url = reverse("admin:knowledge_document_change", args=[version.document_id])
    return f"{url}?version={version.number}"


def local_time(moment: dt.datetime) -> SafeString:
    """A moment in the time zone of whoever reads it, as everywhere in the admin."""
    return render_to_string("time.html", {"moment": moment})


def ids_in(text: str, most: int) -> list[int]:
    """The ids in “1,2,3”; what is none is left out, and what comes after the first `most`."""
    parts = [part for part in text.split(",")[:most] if part.isascii() and part.isdecimal()]
    # int() refuses thousands of digits.
    short = [int(part) for part in parts if len(part) <= len(str(LARGEST_ID))]
    return [number for number in short if number <= LARGEST_ID]


def number_in(text: str | None, default: int) -> int:
    """A page number or the like from a URL; anything odd is the default."""
    found = ids_in(text or "", 1)
    return found[0] if found else default
