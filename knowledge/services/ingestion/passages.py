"""Storing what versions were read and split into: for many small ones in a few statements."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from knowledge.leases import Lease
from knowledge.models import Document, DocumentVersion, Passage, VersionWarning
from knowledge.reading import ReadText
from knowledge.services.indexes.search_entries import renew_entries
from knowledge.services.ingestion.queue import record_step
from knowledge.services.lifecycle.changes import lock_documents

# A text that is stored already is given as null and stays.
_STORE = """
UPDATE knowledge_documentversion v
SET status = 'embedding', progress_done = 0,
    progress_total = x.passages, passages_digest = x.digest,
    markdown = COALESCE(x.markdown, v.markdown),
    page_starts = COALESCE(x.page_starts, v.page_starts),
    scanned_pages = COALESCE(x.scanned_pages, v.scanned_pages),
    media_type = COALESCE(x.media_type, v.media_type),
    attempts = 1, step_started_at = %s, lease_until = %s
FROM (VALUES {rows}) AS x (id, passages, digest, markdown, page_starts, scanned_pages, media_type)
WHERE v.id = x.id AND v.lease_token = %s
RETURNING v.id
"""
_ROW = "(%s::bigint, %s::int, %s::text, %s::text, %s::int[], %s::int[], %s::text)"


@dataclass(frozen=True)
class SplitVersion:
    """A version's passages, and its text where that is not stored yet."""

    version: DocumentVersion
    passages: Sequence[Passage]
    reading: ReadText | None = None


def store_split(split: Sequence[SplitVersion]) -> None:
    """Store passages in the place of earlier ones, and bring their versions to the next step.

    Versions whose lease is lost, or that were cancelled, are left alone; so is their `status` here.
    """
    now = timezone.now()
    with transaction.atomic():
        described_anew = _lock_documents([one.version for one in split])
        ours = _record(split, now)
        stored = [one for one in split if one.version.pk in ours]
        _remove_earlier(stored)
        Passage.objects.bulk_create(
            [passage for one in stored for passage in one.passages], batch_size=500
        )
        VersionWarning.objects.bulk_create(
            warning
            for one in stored
            if one.reading is not None
            for warning in _warnings_of(one.version, one.reading)
        )
        for document in described_anew:
            Passage.objects.filter(version__document=document).update(
                collection=document.collection_id
            )
            renew_entries(document)
    for one in stored:
        one.version.status = DocumentVersion.Status.EMBEDDING
        one.version.progress_done, one.version.progress_total = 0, len(one.passages)
        one.version.attempts, one.version.step_started_at = 1, now


def _lock_documents(versions: Sequence[DocumentVersion]) -> list[Document]:
    """Hold off changes of the documents' languages and collections until this transaction ends;
    those that have changed since the versions were claimed."""
    lock_documents([version.document_id for version in versions])
    now = Document.objects.in_bulk([version.document_id for version in versions])
    known = {version.document_id: version.document for version in versions}
    return [
        document
        for pk, document in now.items()
        if (document.locale, document.collection_id) != (known[pk].locale, known[pk].collection_id)
    ]


def _record(split: Sequence[SplitVersion], now: dt.datetime) -> set[int]:
    rows: list[Any] = []
    for one in split:
        reading = one.reading
        rows += [one.version.pk, len(one.passages), digest_of(one.passages)]
        rows += (
            [
                *(reading.markdown, reading.page_starts, reading.scanned_pages),
                reading.media_type[:200],
            ]
            if reading is not None
            else [None] * 4
        )
    statement = _STORE.format(rows=", ".join([_ROW] * len(split)))
    with connection.cursor() as cursor:
        cursor.execute(statement, [now, Lease.end(), *rows, split[0].version.lease_token])
        return {row[0] for row in cursor.fetchall()}


def digest_of(passages: Sequence[Passage]) -> str:
    """Identifies a version's passages, in order: that all of them are served can be proven by it
    (`manage.py freshness`)."""
    hashes = b"".join(bytes(passage.text_hash) for passage in passages)
    return hashlib.sha256(hashes).hexdigest()


def store_reading(version: DocumentVersion, reading: ReadText) -> None:
    """Store a text that takes long to read before it is split. Raises LeaseLostError."""
    with transaction.atomic():
        version.warnings.all().delete()
        record_step(
            version,
            markdown=reading.markdown,
            page_starts=reading.page_starts,
            scanned_pages=reading.scanned_pages,
            media_type=reading.media_type[:200],
            status=DocumentVersion.Status.SPLITTING,
        )
        VersionWarning.objects.bulk_create(_warnings_of(version, reading))


def _remove_earlier(split: Sequence[SplitVersion]) -> None:
    read = [one.version for one in split if one.reading is not None]
    VersionWarning.objects.filter(version__in=read).delete()
    Passage.objects.filter(version__in=[one.version for one in split]).delete()


def _warnings_of(version: DocumentVersion, reading: ReadText) -> list[VersionWarning]:
    return [
        VersionWarning(version=version, code=found.code, text=found.text, page=found.page)
        for found in getattr(reading, "warnings", [])
    ]
