"""Ingestion against the raw embedding rate: how much of it reading, splitting and storing leave."""

from __future__ import annotations

import io
import os
import random
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from django.db import connection, transaction

from knowledge.embedding.encoder import Encoder, get_encoder, get_tokenizer
from knowledge.embedding.model import endpoint_model_of, prepare_model
from knowledge.embedding.onnx import OnnxEncoder
from knowledge.models import Collection, Document, DocumentVersion, Embedding, Passage
from knowledge.progress import wait_for
from knowledge.services.indexes.embedding_indexes import get_active_index
from knowledge.services.ingestion.documents import Upload, add_version, check_upload
from knowledge.services.ingestion.embeddings import BATCH, embedded_text
from knowledge.services.ingestion.pipeline import cut
from knowledge.services.ingestion.queue import bundled_wake_ups
from knowledge.services.ingestion.stored_files import delete_unused
from supportbot.evaluation.questions import Text
from supportbot.evaluation.recombine import load_texts, recombined
from supportbot.evaluation.usage import watched
from supportbot.local.seeding import DEMO_FOLDER

DOCUMENTS = 10_000
RAW_PASSAGES = 512
CHANGED_SHARE = 0.01
_VERSIONS = (
    "(SELECT v.id FROM knowledge_documentversion v JOIN knowledge_document d "
    "ON d.id = v.document_id WHERE d.collection_id = %s)"
)
_REMOVE = (
    "DELETE FROM knowledge_embedding WHERE text_hash IN "
    "(SELECT text_hash FROM knowledge_passage WHERE collection_id = %s)",
    f"DELETE FROM knowledge_versionwarning WHERE version_id IN {_VERSIONS}",  # noqa: S608
    "DELETE FROM knowledge_passage WHERE collection_id = %s",
    f"DELETE FROM knowledge_documentversion WHERE id IN {_VERSIONS}",  # noqa: S608
    "DELETE FROM knowledge_document WHERE collection_id = %s",
    "DELETE FROM knowledge_collection WHERE id = %s",
)
Figures = dict[str, float | int | str]


def run(data: Path | None, documents: int | None = None) -> Figures:
    """Put documents in through the workers and embed the same passages with nothing else, before
    and after (the machine's speed varies, so their mean counts); then put them in once more with
    one in a hundred changed.

    `ratio` is passages per second through the whole of ingestion over those of the bare model with
    all cores; `ratio_of_cpu_time` compares what both computed for a passage, which other programs
    on the machine disturb less. Without `data` the documents are the demo's own; a dataset's are
    its own unless `documents` says how many to make of them.
    """
    with _scratch_collection() as collection:
        sources = _demo() if data is None else _recombined(data, documents)
        before = _measure_raw(_texts_of(sources))
        own_cpu = time.process_time()
        with watched() as usage:
            ingested = _ingest(sources, collection)
        own_cpu = time.process_time() - own_cpu
        passages = Passage.objects.filter(collection=collection)
        texts = [embedded_text(*row) for row in passages.values_list("context", "text")]
        after = _measure_raw(texts)
        tokens = _mean_tokens(texts)
        raw = (before.tokens_per_second + after.tokens_per_second) / 2 / tokens
        rate = len(texts) / float(ingested["seconds"])
        cpu = (own_cpu + sum(usage.cpu_seconds.values())) / len(texts)
        raw_cpu = (before.cpu_per_token + after.cpu_per_token) / 2 * tokens
        return {
            **ingested,
            "passages": len(texts),
            "passages_embedded": passages.values("text_hash").distinct().count(),
            "passages_with_a_text_of_their_own": passages.values("text").distinct().count(),
            "mean_tokens": tokens,
            "passages_per_second": rate,
            "raw_passages_per_second": raw,
            "raw_before": before.tokens_per_second / tokens,
            "raw_after": after.tokens_per_second / tokens,
            "ratio": rate / raw,
            **({"ratio_of_cpu_time": raw_cpu / cpu} if usage.cpu_seconds else {}),
            **{f"{name}_peak_mb": peak for name, peak in usage.peak_mb.items()},
            **{f"{name}_cpu_seconds": cpu for name, cpu in usage.cpu_seconds.items()},
            "own_cpu_seconds": own_cpu,
            **(_again_with_changes(sources, collection) if data is not None else {}),
        }


# -- the documents ----------------------------------------------------------------------------
Source = Path | Text


def _demo() -> Sequence[Source]:
    return sorted((DEMO_FOLDER / "documents").iterdir())


def _recombined(data: Path, documents: int | None) -> Sequence[Source]:
    texts = load_texts(data)
    if documents is None and (data / "corpus.jsonl").is_file():
        return list(texts)
    return list(recombined(texts, documents or DOCUMENTS))


def _upload(source: Source, collection: str) -> Upload:
    # A title of this run's own makes every embedded text new: nothing is found embedded already.
    if isinstance(source, Path):
        content, name, title = source.read_bytes(), source.name, source.stem
    else:
        content, title = source.text.encode(), source.title
        name = f"{source.id.replace('/', '_')[-150:]}.md"
    return check_upload(
        io.BytesIO(content),
        file_name=name,
        collection=collection,
        external_id=source.id if isinstance(source, Text) else "",
        title=f"{title[:250]} {collection}",
    )


def _ingest(sources: Sequence[Source], collection: Collection) -> Figures:
    started = time.perf_counter()
    with bundled_wake_ups():
        added = [add_version(upload=_upload(source, collection.name)) for source in sources]
    uploaded = time.perf_counter()
    progress = wait_for([version.pk for version, created in added if created], sys.stderr)
    return {
        "documents": len(added),
        "new": sum(created for _, created in added),
        "failed": progress.failed,
        "seconds": time.perf_counter() - started,
        "upload_seconds": uploaded - started,
    }


def _again_with_changes(sources: Sequence[Source], collection: Collection) -> Figures:
    """The same folder once more, with a sentence added to some of the documents."""
    chance = random.Random(2)  # noqa: S311  (no secret)
    count = max(1, round(CHANGED_SHARE * len(sources)))
    changed = set(chance.sample(range(len(sources)), count))
    again = [
        _changed(source) if number in changed and isinstance(source, Text) else source
        for number, source in enumerate(sources)
    ]
    before = Embedding.objects.count()
    figures = _ingest(again, collection)
    return {
        "again_changed_documents": figures["new"],
        "again_embedded": Embedding.objects.count() - before,
        "again_seconds": figures["seconds"],
    }


def _changed(text: Text) -> Text:
    middle = len(text.text) // 2
    at = text.text.find("\n\n", middle)
    at = at if at >= 0 else len(text.text)
    return replace(text, text=f"{text.text[:at]}\n\nThis was added later.{text.text[at:]}")


# -- the bare model ---------------------------------------------------------------------------
def _texts_of(sources: Sequence[Source]) -> list[str]:
    """What would be embedded of some of the documents."""
    chance = random.Random(3)  # noqa: S311  (no secret)
    texts: list[str] = []
    for source in chance.sample(list(sources), len(sources)):
        if isinstance(source, Text):
            version = DocumentVersion(document=Document(title=source.title), markdown=source.text)
            texts += [embedded_text(passage.context, passage.text) for passage in cut(version)]
        if len(texts) >= RAW_PASSAGES:
            break
    return texts


@dataclass(frozen=True)
class _Raw:
    """How fast the bare model is, and what it computes for a token."""

    tokens_per_second: float = 0.0
    cpu_per_token: float = float("inf")


def _measure_raw(texts: Sequence[str]) -> _Raw:
    """The active index's model with all cores: the better of one run on all of them at a time and
    as many runs as there are cores."""
    if not texts:
        return _Raw()
    step = max(1, len(texts) // RAW_PASSAGES)
    sample = sorted(texts, key=len)[::step]
    tokens = _mean_tokens(sample) * len(sample)
    model = get_active_index().model
    encoders: list[tuple[Encoder, int]] = [(get_encoder(model), 1)]
    if endpoint_model_of(model) is None:
        cores = os.cpu_count() or 1
        prepared = prepare_model(model)
        encoders = [(OnnxEncoder(prepared, threads=cores), 1)]
        encoders += [(OnnxEncoder(prepared, threads=1), cores)]
    times = [_time(encoder, sample, runs) for encoder, runs in encoders]
    return _Raw(tokens / min(wall for wall, _ in times), min(cpu for _, cpu in times) / tokens)


def _time(encoder: Encoder, texts: Sequence[str], runs: int) -> tuple[float, float]:
    """(seconds, seconds of all cores together) for embedding the texts, so many runs at a time."""
    # Longest first, so that no core is left with the last long one.
    batches = list(_batched(texts))[::-1]
    encoder.encode_passages(texts[:BATCH])
    started, computed = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(runs) as pool:
        list(pool.map(encoder.encode_passages, batches))
    return time.perf_counter() - started, time.process_time() - computed


def _batched(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    return (texts[start : start + BATCH] for start in range(0, len(texts), BATCH))


def _mean_tokens(texts: Sequence[str]) -> float:
    """As many as the model reads of them."""
    model = get_active_index().model
    limit = get_encoder(model).max_tokens or sys.maxsize
    tokenizer = get_tokenizer(model)
    counts = [
        min(limit, len(encoding.ids))
        for batch in _batched(texts)
        for encoding in tokenizer.encode_batch(list(batch))
    ]
    return sum(counts) / max(1, len(counts))


# -- before and after -------------------------------------------------------------------------
@contextmanager
def _scratch_collection() -> Iterator[Collection]:
    collection = Collection.objects.create(name=f"bench {uuid.uuid4().hex[:8]}")
    try:
        yield collection
    finally:
        _remove(collection)


def _remove(collection: Collection) -> None:
    """In statements that load nothing: these may be a hundred thousand passages."""
    versions = DocumentVersion.objects.filter(document__collection=collection)
    files = list(versions.values_list("content_hash", "file"))
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in _REMOVE:
            cursor.execute(statement, [collection.pk])
    delete_unused(files)
