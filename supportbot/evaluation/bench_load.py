"""Passages straight into the tables: with COPY, without triggers and indexes, which come after.

What search reads is then as the product leaves it: rows with the product's own terms and weights,
counted terms, the product's indexes by their own definitions.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context

import django
from django.db import connection
from django.utils import timezone
from pgvector import HalfVector

from knowledge.models import Audience, Collection, Document, DocumentVersion, EmbeddingIndex
from supportbot.evaluation.bench_corpus import (
    Maker,
    NewDocument,
    NewPassage,
    search_entries,
    unit_entry,
)

SMALL_SHARE = 0.01  # of the passages are in the small collection
LOCALE = "en"
BATCH = 4000  # passages
IN_PROCESSES_FROM = 5000  # below, starting processes takes longer than they save
# An HNSW index that does not fit is built ten times as slowly.
BUILD_MEMORY = "1GB"

_INDEXES = """
SELECT indexname, indexdef FROM pg_indexes
WHERE tablename IN ('knowledge_passage', 'knowledge_embedding')
  AND indexname NOT IN (SELECT conname FROM pg_constraint)
"""
_PASSAGES = """
COPY knowledge_passage (version_id, collection_id, position, heading, context, text, char_start,
                        char_end, text_hash, published, audience, effective, terms, weights)
FROM STDIN
"""
_EMBEDDINGS = (
    "COPY knowledge_embedding (index_id, text_hash, vector, units) FROM STDIN WITH (FORMAT BINARY)"
)
_EVER = "{(,)}"  # every day

Entries = Callable[[Sequence[NewPassage]], list[tuple[str, str]]]
Show = Callable[[str, float], None]


@dataclass(frozen=True)
class Place:
    """Where passages go. One in a hundred is in the small collection and for everybody; the others
    are in the large one, for `audience`."""

    index: EmbeddingIndex
    large: Collection
    small: Collection
    audience: Audience = Audience.INTERNAL


@dataclass
class Loaded:
    """What is there, and what putting in the last part took."""

    passages: int = 0
    in_small: int = 0
    seconds: float = 0.0
    index_seconds: float = 0.0


def load(place: Place, maker: Maker, loaded: Loaded, *, passages: int, show: Show) -> None:
    """Put in what is missing to so many passages, with everything that search needs."""
    started = time.perf_counter()
    wanted = passages - loaded.passages
    with _without_triggers_and_indexes(loaded), _entries(wanted) as entries:
        for documents in _batches(maker.take(wanted)):
            _store(place, documents, entries, loaded)
            show(f"{loaded.passages}/{passages} passages put in", loaded.passages / passages)
    loaded.seconds = time.perf_counter() - started


def _batches(documents: Iterator[NewDocument]) -> Iterator[list[NewDocument]]:
    batch: list[NewDocument] = []
    size = 0
    for document in documents:
        batch.append(document)
        size += len(document.passages)
        if size >= BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


@contextmanager
def _without_triggers_and_indexes(loaded: Loaded) -> Iterator[None]:
    """They are there again after the block, and the tables vacuumed and analysed."""
    with connection.cursor() as cursor:
        cursor.execute(_INDEXES)
        indexes = dict(cursor.fetchall())
        for name in indexes:
            cursor.execute(f"DROP INDEX {name}")
        cursor.execute("ALTER TABLE knowledge_passage DISABLE TRIGGER USER")
        yield
        cursor.execute("ALTER TABLE knowledge_passage ENABLE TRIGGER USER")
        cursor.execute("SELECT knowledge_recount_terms()")
        started = time.perf_counter()
        cursor.execute(f"SET maintenance_work_mem = '{BUILD_MEMORY}'")
        for definition in indexes.values():
            cursor.execute(definition)
        loaded.index_seconds = time.perf_counter() - started
        cursor.execute("VACUUM ANALYZE")


@contextmanager
def _entries(passages: int) -> Iterator[Entries]:
    """What computes terms and weights: on all cores where there are many."""
    if passages < IN_PROCESSES_FROM:
        yield lambda some: search_entries(_texts(some))
        return
    # Spawned: a fork would share this process's connections.
    with ProcessPoolExecutor(
        os.cpu_count(), mp_context=get_context("spawn"), initializer=django.setup
    ) as pool:

        def compute(some: Sequence[NewPassage]) -> list[tuple[str, str]]:
            texts = _texts(some)
            parts = [
                texts[start : start + BATCH // 8] for start in range(0, len(texts), BATCH // 8)
            ]
            return [entry for part in pool.map(search_entries, parts) for entry in part]

        yield compute


def _texts(passages: Sequence[NewPassage]) -> list[tuple[str, str, str]]:
    return [(passage.context, passage.text, LOCALE) for passage in passages]


def _store(
    place: Place, documents: Sequence[NewDocument], entries: Entries, loaded: Loaded
) -> None:
    versions = _store_versions(place, documents, loaded)
    passages = [passage for document in documents for passage in document.passages]
    entry_of = iter(entries(passages))
    with connection.cursor() as cursor:
        with cursor.copy(_PASSAGES) as copy:
            for version, document in zip(versions, documents, strict=True):
                for row in _rows(version, document):
                    copy.write_row((*row, *next(entry_of)))
        with cursor.copy(_EMBEDDINGS) as copy:
            copy.set_types(["int8", "bytea", "bytea", "bytea"])
            for passage in passages:
                vector = HalfVector(passage.vector).to_binary()
                copy.write_row((place.index.pk, passage.key, vector, unit_entry(passage)))


def _rows(version: DocumentVersion, document: NewDocument) -> Iterator[tuple[object, ...]]:
    """All but terms and weights."""
    start = 0
    for position, passage in enumerate(document.passages):
        end = start + len(passage.text)
        yield (
            *(version.pk, version.document.collection_id, position, list(passage.heading)),
            *(passage.context, passage.text, start, end, passage.key),
            *(True, version.audience, _EVER),
        )
        start = end + 2


def _store_versions(
    place: Place, documents: Sequence[NewDocument], loaded: Loaded
) -> list[DocumentVersion]:
    """One published version of each document; counts passages."""
    rows: list[Document] = []
    for document in documents:
        is_small = loaded.in_small < SMALL_SHARE * loaded.passages
        number = f"{loaded.passages}"
        loaded.passages += len(document.passages)
        loaded.in_small += len(document.passages) if is_small else 0
        rows.append(
            Document(
                collection=place.small if is_small else place.large,
                external_id=f"bench/{number}",
                title=document.title,
                locale=LOCALE,
            )
        )
    Document.objects.bulk_create(rows, batch_size=1000)
    now = timezone.now()
    return DocumentVersion.objects.bulk_create(
        (
            DocumentVersion(
                document=row,
                number=1,
                file_name=f"{row.external_id}.md",
                content_hash="0" * 64,
                size=sum(len(passage.text) for passage in document.passages),
                status=DocumentVersion.Status.READY,
                state=DocumentVersion.State.PUBLISHED,
                audience=Audience.PUBLIC if row.collection == place.small else place.audience,
                markdown="\n\n".join(passage.text for passage in document.passages),
                published_at=now,
            )
            for row, document in zip(rows, documents, strict=True)
        ),
        batch_size=1000,
    )
