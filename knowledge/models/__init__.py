"""The tables of knowledge.

A document is a thing with a name ("Returns policy"). A version is one file of it, read, split and,
once published, in effect from a date to a date for an audience. A passage is a piece of a version
that can be quoted. An embedding belongs to a text, not to a passage, so equal texts are embedded
once per embedding index.
"""

from knowledge.models.bulk import BulkJob
from knowledge.models.curated import CuratedAnswer, CuratedQuestion, CuratedSource
from knowledge.models.documents import (
    Audience,
    Collection,
    Document,
    DocumentVersion,
    DocumentVersionQuerySet,
    Passage,
    PassageQuerySet,
    VersionWarning,
)
from knowledge.models.embeddings import Embedding, EmbeddingIndex
from knowledge.models.freshness import FreshnessCheck
from knowledge.models.history import DocumentEvent
from knowledge.models.terms import Revision, Term
from knowledge.models.web import WebPage, WebSource

__all__ = [
    "Audience",
    "BulkJob",
    "Collection",
    "CuratedAnswer",
    "CuratedQuestion",
    "CuratedSource",
    "Document",
    "DocumentEvent",
    "DocumentVersion",
    "DocumentVersionQuerySet",
    "Embedding",
    "EmbeddingIndex",
    "FreshnessCheck",
    "Passage",
    "PassageQuerySet",
    "Revision",
    "Term",
    "VersionWarning",
    "WebPage",
    "WebSource",
]
