"""The steps from a stored file to served passages. Each is restartable and leaves its result in
the database, so that another worker goes on where one was killed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import structlog
from django.conf import settings
from django.db import OperationalError, transaction

from knowledge.embedding.encoder import get_encoder, get_tokenizer
from knowledge.models import DocumentVersion, Embedding, EmbeddingIndex, Passage
from knowledge.pages import page_at
from knowledge.reading import UnreadableFileError, read_file
from knowledge.services.embedding_indexes import get_active_index
from knowledge.services.processing import (
    LeaseLostError,
    kept_alive,
    record_failure,
    record_step,
    release,
)
from knowledge.services.publishing import finish_processing
from knowledge.splitting import split_markdown

log = structlog.get_logger(__name__)

Status = DocumentVersion.Status
EMBED_BATCH = 32


def process_version(version: DocumentVersion) -> None:
    """Bring a claimed version from its current step to published, or to failed with a reason."""
    steps: dict[str, Callable[[DocumentVersion], None]] = {
        Status.QUEUED: _read,
        Status.SPLITTING: _split,
        Status.EMBEDDING: _embed,
    }
    try:
        with kept_alive(version):
            while version.status in steps:
                steps[version.status](version)
    except UnreadableFileError as error:
        record_failure(version, str(error))
    except LeaseLostError:
        log.info("lease_lost", version=version.pk)
    except (OperationalError, OSError):
        log.exception("processing_interrupted", version=version.pk)
        release(version)
    except Exception:
        log.exception("processing_failed", version=version.pk)
        record_failure(
            version,
            "Something unexpected went wrong while reading this file. Try again; if it fails "
            "again, save the file in another format and upload that.",
        )


def _read(version: DocumentVersion) -> None:
    read = read_file(Path(version.file.path), version.file_name)
    record_step(
        version,
        markdown=read.markdown,
        page_starts=read.page_starts,
        media_type=read.media_type[:200],
        status=Status.SPLITTING,
    )


def _split(version: DocumentVersion) -> None:
    tokenizer = get_tokenizer(get_active_index().model)
    document = version.document
    passages: list[Passage] = []
    for piece in split_markdown(version.markdown, tokenizer, settings.PASSAGE_TOKENS):
        context = context_of(document.title, piece.heading)
        passages.append(
            Passage(
                version=version,
                collection_id=document.collection_id,
                position=len(passages),
                heading=list(piece.heading),
                context=context,
                text=piece.text,
                char_start=piece.char_start,
                char_end=piece.char_end,
                page=page_at(version.page_starts, piece.char_start),
                audience=version.audience,
                text_hash=text_hash(context, piece.text),
            )
        )
    if not passages:
        raise UnreadableFileError("No text was found in the file besides headings.")
    with transaction.atomic():
        version.passages.all().delete()
        Passage.objects.bulk_create(passages, batch_size=500)
        record_step(
            version,
            status=Status.EMBEDDING,
            progress_done=0,
            progress_total=len(passages),
            passages_digest=digest_of([bytes(passage.text_hash) for passage in passages]),
        )


def context_of(title: str, heading: tuple[str, ...]) -> str:
    """What stands above a passage: the title, and the headings unless they repeat it."""
    parts = [title, *(part for part in heading if part.casefold() != title.casefold())]
    return " › ".join(parts)


def text_hash(context: str, text: str) -> bytes:
    """Identifies what is embedded: two passages with equal context and text share a vector."""
    return hashlib.sha256(embedded_text(context, text).encode()).digest()


def digest_of(hashes: list[bytes]) -> str:
    """Identifies a version's passages, in order: that all of them are served can be proven by it
    (`manage.py freshness`)."""
    return hashlib.sha256(b"".join(hashes)).hexdigest()


def embedded_text(context: str, text: str) -> str:
    return f"{context}\n{text}"


def _embed(version: DocumentVersion) -> None:
    while True:
        for index in EmbeddingIndex.objects.complete() or [get_active_index()]:
            _embed_into(index, version)
        if finish_processing(version=version):
            return


def _embed_into(index: EmbeddingIndex, version: DocumentVersion) -> None:
    encoder = get_encoder(index.model)
    passages = list(version.passages.order_by("position").only("context", "text", "text_hash"))
    known = set(_known_hashes(index, [bytes(passage.text_hash) for passage in passages]))
    missing = {bytes(p.text_hash): p for p in passages if bytes(p.text_hash) not in known}
    waiting = list(missing.items())
    done = len(passages) - len(waiting)
    while waiting:
        batch, waiting = waiting[:EMBED_BATCH], waiting[EMBED_BATCH:]
        vectors = encoder.encode_passages([embedded_text(p.context, p.text) for _, p in batch])
        rows = [
            Embedding(index=index, text_hash=key, vector=vector)
            for (key, _), vector in zip(batch, vectors, strict=True)
        ]
        Embedding.objects.bulk_create(rows, ignore_conflicts=True)
        done += len(batch)
        record_step(version, progress_done=min(done, version.progress_total))


def _known_hashes(index: EmbeddingIndex, hashes: list[bytes]) -> list[bytes]:
    rows = Embedding.objects.filter(index=index, text_hash__in=hashes)
    return [bytes(value) for value in rows.values_list("text_hash", flat=True)]
