"""knowledge.services.embedding_indexes: one active index, made once."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from knowledge.models import EmbeddingIndex
from knowledge.services.embedding_indexes import get_active_index


def test_the_first_use_makes_an_index_for_the_configured_model(db: None) -> None:
    index = get_active_index()
    assert (index.model, index.dimensions, index.state) == ("bundled", 384, "active")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexdef FROM pg_indexes WHERE indexname = %s", [f"embedding_hnsw_{index.pk}"]
        )
        (definition,) = cursor.fetchone()
    assert "USING hnsw" in definition
    assert "halfvec_cosine_ops" in definition


def test_later_uses_find_it(db: None) -> None:
    assert get_active_index().pk == get_active_index().pk
    assert EmbeddingIndex.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_processes_that_start_at_once_share_one_index() -> None:
    start = threading.Barrier(4)
    found: list[int] = []

    def use() -> None:
        try:
            start.wait()
            found.append(get_active_index().pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1
    assert EmbeddingIndex.objects.count() == 1
