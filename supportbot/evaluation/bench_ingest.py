"""Ingestion against the raw embedding rate: how much of it reading, splitting and storing leave."""

from __future__ import annotations

import io
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import transaction

from knowledge.embedding.encoder import get_encoder
from knowledge.models import Collection, Document, DocumentVersion, Embedding, Passage
from knowledge.progress import wait_for
from knowledge.services.documents import Upload, add_version, check_upload
from knowledge.services.embedding_indexes import get_active_index
from knowledge.services.pipeline import embedded_text
from supportbot.evaluation.questions import load_corpus
from supportbot.local.seeding import DEMO_FOLDER

RAW_PASSAGES = 256
BATCH = 32


def run(data: Path | None) -> dict[str, float | int | str]:
    """Put every document in through the workers, then embed the same passages with nothing else.

    `ratio` is passages per second through the whole of ingestion over those of the bare model.
    """
    with _scratch_collection() as collection:
        started = time.perf_counter()
        versions = [add_version(upload=upload)[0] for upload in _uploads(data, collection.name)]
        progress = wait_for([version.pk for version in versions], sys.stderr)
        seconds = time.perf_counter() - started
        passages = Passage.objects.filter(version__document__collection=collection)
        texts = [embedded_text(*row) for row in passages.values_list("context", "text")]
        raw = _raw_rate(texts[:: max(1, len(texts) // RAW_PASSAGES)])
        rate = len(texts) / seconds
        return {
            "documents": len(versions),
            "failed": progress.failed,
            "passages": len(texts),
            "seconds": seconds,
            "passages_per_second": rate,
            "raw_passages_per_second": raw,
            "ratio": rate / raw,
        }


def _uploads(data: Path | None, collection: str) -> Iterator[Upload]:
    # A title of this run's own makes every embedded text new: nothing is found embedded already.
    run_name = uuid.uuid4().hex[:8]
    if data is None:
        for path in sorted((DEMO_FOLDER / "documents").iterdir()):
            with path.open("rb") as content:
                title = f"{path.stem} {run_name}"
                yield check_upload(content, file_name=path.name, collection=collection, title=title)
        return
    for text in load_corpus(data):
        yield check_upload(
            io.BytesIO(text.text.encode()),
            file_name=f"{text.id.replace('/', '_')[-150:]}.md",
            collection=collection,
            external_id=text.id,
            title=f"{text.title[:280]} {run_name}",
        )


def _raw_rate(texts: list[str]) -> float:
    encoder = get_encoder(get_active_index().model)
    encoder.encode_passages(texts[:BATCH])
    started = time.perf_counter()
    for start in range(0, len(texts), BATCH):
        encoder.encode_passages(texts[start : start + BATCH])
    return len(texts) / (time.perf_counter() - started)


@contextmanager
def _scratch_collection() -> Iterator[Collection]:
    collection = Collection.objects.create(name=f"bench {uuid.uuid4().hex[:8]}")
    try:
        yield collection
    finally:
        _remove(collection)


@transaction.atomic
def _remove(collection: Collection) -> None:
    passages = Passage.objects.filter(collection=collection)
    Embedding.objects.filter(text_hash__in=passages.values("text_hash")).delete()
    for version in DocumentVersion.objects.filter(document__collection=collection):
        version.file.delete(save=False)
    Document.objects.filter(collection=collection).delete()
    collection.delete()
