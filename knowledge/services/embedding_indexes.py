"""Embedding indexes: one row per model, each with its own HNSW index over its own vectors."""

from __future__ import annotations

from django.conf import settings
from django.db import IntegrityError, connection, transaction

from knowledge.embedding.model import prepare_model
from knowledge.models import EmbeddingIndex

# Chosen by measurement (DESIGN.md, section 8): recall .999 of the exact top 30 at 100,000 vectors.
HNSW_M = 16
HNSW_EF_CONSTRUCTION = 64


def get_active_index() -> EmbeddingIndex:
    """The index that questions are searched in; made for the configured model on first use."""
    active = EmbeddingIndex.objects.filter(state=EmbeddingIndex.State.ACTIVE).first()
    return active or _create_active(settings.EMBEDDING_MODEL)


def _create_active(model: str) -> EmbeddingIndex:
    dimensions = prepare_model(model).dimensions
    try:
        with transaction.atomic():
            index = EmbeddingIndex.objects.create(
                model=model, dimensions=dimensions, state=EmbeddingIndex.State.ACTIVE
            )
            _create_hnsw(index)
    except IntegrityError:  # another process was first
        return EmbeddingIndex.objects.get(state=EmbeddingIndex.State.ACTIVE)
    return index


def _create_hnsw(index: EmbeddingIndex) -> None:
    # Only numbers are put into the statement, and DDL takes no parameters.
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE INDEX embedding_hnsw_{int(index.pk)} ON knowledge_embedding "
            f"USING hnsw ((vector::halfvec({int(index.dimensions)})) halfvec_cosine_ops) "
            f"WITH (m = {HNSW_M}, ef_construction = {HNSW_EF_CONSTRUCTION}) "
            f"WHERE index_id = {int(index.pk)}"
        )
