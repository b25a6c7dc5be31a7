"""The admin of content teams: uploading documents, watching them being read, taking them away."""

from knowledge.admin.documents import DocumentAdmin
from knowledge.admin.freshness import FreshnessCheckAdmin
from knowledge.admin.history import DocumentEventAdmin
from knowledge.admin.other import CollectionAdmin, EmbeddingIndexAdmin

__all__ = [
    "CollectionAdmin",
    "DocumentAdmin",
    "DocumentEventAdmin",
    "EmbeddingIndexAdmin",
    "FreshnessCheckAdmin",
]
