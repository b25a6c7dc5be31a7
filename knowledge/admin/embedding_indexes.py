"""Embedding indexes in the admin: one page to build, compare, switch, go back and drop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse

from knowledge.admin.base import ReadOnlyAdmin, user_of
from knowledge.models import EmbeddingIndex
from knowledge.services.indexes.embedding_indexes import (
    IndexRefusedError,
    activate_index,
    compare_again,
    drop_index,
    start_index,
)

State = EmbeddingIndex.State
_STEPS: dict[str, tuple[Callable[..., None], str]] = {
    "activate": (activate_index, "Questions now go to the index of {model}."),
    "compare": (compare_again, "{model} is being compared anew."),
    "drop": (drop_index, "The index of {model} is being dropped."),
}


@admin.register(EmbeddingIndex)
class EmbeddingIndexAdmin(ReadOnlyAdmin):
    """A page of its own in the place of a list. The page loads itself anew while one is built."""

    actions: ClassVar = None

    def get_urls(self) -> list[Any]:
        build = self.admin_site.admin_view(self.build_view)
        step = self.admin_site.admin_view(self.step_view)
        return [
            path("build/", build, name="knowledge_embeddingindex_build"),
            path("<int:pk>/<str:name>/", step, name="knowledge_embeddingindex_step"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        indexes = list(EmbeddingIndex.objects.exclude(state=State.RETIRED).order_by("pk"))
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Embedding indexes",
            "indexes": indexes,
            "is_building": any(index.state == State.BUILDING for index in indexes),
            "may_change": self._may_change(request),
        }
        return TemplateResponse(request, "knowledge/admin/embedding_indexes.html", context)

    def build_view(self, request: HttpRequest) -> HttpResponse:
        """POST: begin to build an index for the model named."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        self._require_right(request)
        try:
            index = start_index(model=request.POST.get("model", "")[:300], by=user_of(request))
        except IndexRefusedError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"The index of {index.model} is being built.")
        return HttpResponseRedirect(_page())

    def step_view(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        """POST: switch to an index, compare it again, or drop it."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        self._require_right(request)
        if name not in _STEPS:
            raise Http404
        index = get_object_or_404(EmbeddingIndex, pk=pk)
        step, said = _STEPS[name]
        try:
            step(index=index)
        except IndexRefusedError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, said.format(model=index.model))
        return HttpResponseRedirect(_page())

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return HttpResponseRedirect(_page())

    def _require_right(self, request: HttpRequest) -> None:
        if not self._may_change(request):
            raise PermissionDenied

    def _may_change(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("knowledge.change_embeddingindex"))


def _page() -> str:
    return reverse("admin:knowledge_embeddingindex_changelist")
