"""Collections and embedding indexes."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.decorators import display

from knowledge.models import Collection, EmbeddingIndex


@admin.register(Collection)
class CollectionAdmin(ModelAdmin):  # type: ignore[misc]  # unfold carries no types
    list_display = ("name", "documents", "created_at")
    search_fields = ("name",)
    fields = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Collection]:
        collections: QuerySet[Collection] = super().get_queryset(request)
        return collections.annotate(document_count=Count("documents"))

    @display(description="documents", ordering="document_count")  # type: ignore[untyped-decorator]
    def documents(self, collection: Collection) -> int:
        return int(getattr(collection, "document_count", 0))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # It would take documents along that customers are served from; those go one by one.
        if obj is None or obj.documents.exists():
            return False
        return bool(super().has_delete_permission(request, obj))


@admin.register(EmbeddingIndex)
class EmbeddingIndexAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ("model", "dimensions", "state_label", "embeddings_stored", "created_at")
    list_display_links = None
    LABELS: ClassVar[dict[str, str]] = {
        EmbeddingIndex.State.BUILDING: "info",
        EmbeddingIndex.State.READY: "warning",
        EmbeddingIndex.State.ACTIVE: "success",
    }

    def get_queryset(self, request: HttpRequest) -> QuerySet[EmbeddingIndex]:
        indexes: QuerySet[EmbeddingIndex] = super().get_queryset(request)
        return indexes.annotate(embedding_count=Count("embeddings"))

    @display(description="state", label=LABELS)  # type: ignore[untyped-decorator]
    def state_label(self, index: EmbeddingIndex) -> tuple[str, str]:
        return index.state, index.get_state_display()

    @display(description="embeddings")  # type: ignore[untyped-decorator]
    def embeddings_stored(self, index: EmbeddingIndex) -> int:
        return int(getattr(index, "embedding_count", 0))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
