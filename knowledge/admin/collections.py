"""Collections in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import display

from knowledge.admin.base import local_time
from knowledge.models import Collection


@admin.register(Collection)
class CollectionAdmin(ModelAdmin):  # type: ignore[misc]  # unfold carries no types
    list_display = ("name", "documents", "since")
    search_fields = ("name",)
    fields = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Collection]:
        collections: QuerySet[Collection] = super().get_queryset(request)
        return collections.annotate(document_count=Count("documents"))

    @display(description="documents", ordering="document_count")  # type: ignore[untyped-decorator]
    def documents(self, collection: Collection) -> int:
        return int(getattr(collection, "document_count", 0))

    @display(description="since", ordering="created_at")  # type: ignore[untyped-decorator]
    def since(self, collection: Collection) -> SafeString:
        return local_time(collection.created_at)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # It would take documents along that customers are served from; those go one by one.
        if obj is None or obj.documents.exists():
            return False
        return bool(super().has_delete_permission(request, obj))
