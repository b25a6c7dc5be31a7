"""The admin of content teams: documents from upload to publication, and what keeps them fresh."""

from knowledge.admin.collections import CollectionAdmin
from knowledge.admin.curated import CuratedAnswerAdmin
from knowledge.admin.documents import DocumentAdmin
from knowledge.admin.embedding_indexes import EmbeddingIndexAdmin
from knowledge.admin.freshness import FreshnessCheckAdmin
from knowledge.admin.history import DocumentEventAdmin
from knowledge.admin.web_sources import WebSourceAdmin

__all__ = [
    "CollectionAdmin",
    "CuratedAnswerAdmin",
    "DocumentAdmin",
    "DocumentEventAdmin",
    "EmbeddingIndexAdmin",
    "FreshnessCheckAdmin",
    "WebSourceAdmin",
]
