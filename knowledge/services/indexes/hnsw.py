"""The search index over an embedding index's vectors: a partial HNSW index, one for each.

One that is complete when it is made costs a fifth of the time of one that grows with every vector
(measured with 10,000 × 384: 0.4 ms each against 2 ms), so a building index gets its own when it
is filled. It is made CONCURRENTLY, because documents go on being published into the same table.
"""

from __future__ import annotations

from django.db import connection

from knowledge.models import EmbeddingIndex

# Chosen by measurement (DESIGN.md, section 8). `manage.py bench retrieval` shows how much is found,
# which hnsw.ef_search (settings) decides as well.
M = 16
EF_CONSTRUCTION = 64
MAX_DIMENSIONS = 4000  # of halfvec, by pgvector's documentation

# Only numbers are put into these statements, and DDL takes no parameters.
_CREATE = (
    "CREATE INDEX {concurrently} embedding_hnsw_{id} ON knowledge_embedding "
    "USING hnsw ((vector::halfvec({dimensions})) halfvec_cosine_ops) "
    "WITH (m = {m}, ef_construction = {ef_construction}) WHERE index_id = {id}"
)
_IS_USABLE = """
SELECT EXISTS (
    SELECT FROM pg_index
    WHERE indexrelid = to_regclass(format('embedding_hnsw_%%s', %s::int)) AND indisvalid
)
"""
_IS_BEING_MADE = """
SELECT EXISTS (
    SELECT FROM pg_stat_progress_create_index
    WHERE index_relid = to_regclass(format('embedding_hnsw_%%s', %s::int))
)
"""


def create(index: EmbeddingIndex, *, concurrently: bool = False) -> None:
    """Make it, over the vectors that are there. `concurrently` takes no part in a transaction."""
    _execute(
        _CREATE.format(
            concurrently="CONCURRENTLY" if concurrently else "",
            id=int(index.pk),
            dimensions=int(index.dimensions),
            m=M,
            ef_construction=EF_CONSTRUCTION,
        )
    )


def drop(index: EmbeddingIndex) -> None:
    """Take it away, finished or not, as soon as no running search uses it. In no transaction."""
    _execute(f"DROP INDEX CONCURRENTLY IF EXISTS embedding_hnsw_{int(index.pk)}")


def is_usable(index: EmbeddingIndex) -> bool:
    """Whether searches can use it: it is there, and finished."""
    with connection.cursor() as cursor:
        cursor.execute(_IS_USABLE, [index.pk])
        return bool(cursor.fetchone()[0])


def is_being_made(index: EmbeddingIndex) -> bool:
    """Whether PostgreSQL is at it, perhaps for a worker that is dead."""
    with connection.cursor() as cursor:
        cursor.execute(_IS_BEING_MADE, [index.pk])
        return bool(cursor.fetchone()[0])


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
