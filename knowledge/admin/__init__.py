"""The admin of content teams: documents from upload to publication, and what keeps them fresh."""

from knowledge.admin.collections import CollectionAdmin
from knowledge.admin.documents import DocumentAdmin
from knowledge.admin.embedding_indexes import EmbeddingIndexAdmin
from knowledge.admin.freshness import FreshnessCheckAdmin
from knowledge.admin.history import DocumentEventAdmin
from knowledge.admin.web_sources import WebSourceAdmin

__all__ = [
    "CollectionAdmin",
    "DocumentAdmin",
    "DocumentEventAdmin",
    "EmbeddingIndexAdmin",
    "FreshnessCheckAdmin",
    "WebSourceAdmin",
]
