"""Accepting files: a file becomes a queued version of a document, or nothing when it is known."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import uuid
from dataclasses import dataclass
from functools import partial
from pathlib import PurePath
from typing import IO

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core.files.base import File
from django.db import transaction
from django.db.models import Max

from knowledge.models import Collection, Document, DocumentVersion, Embedding, Passage
from knowledge.reading import SUPPORTED_EXTENSIONS
from knowledge.services.processing import wake_workers

DEFAULT_COLLECTION = "Documents"


class UploadRefusedError(ValueError):
    """The upload cannot be accepted. `str()` is a sentence for an editor, `code` is stable."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True)
class Upload:
    """A checked upload, made by check_upload. Without a title the document keeps the one it has, or
    is named after the file."""

    content: IO[bytes]
    file_name: str
    size: int
    content_hash: str
    collection: str
    external_id: str
    title: str
    effective_from: dt.date | None
    effective_until: dt.date | None


def check_upload(  # noqa: PLR0913  (a form with these fields, each given by name)
    content: IO[bytes],
    *,
    file_name: str,
    collection: str = "",
    external_id: str = "",
    title: str = "",
    effective_from: dt.date | None = None,
    effective_until: dt.date | None = None,
) -> Upload:
    """Raw input → Upload. Raises UploadRefusedError; changes nothing."""
    # A browser may send a path, and a name may carry control characters.
    name = "".join(c for c in PurePath(file_name.replace("\\", "/")).name if c.isprintable())
    name = name.strip()[-200:]
    if not name:
        raise UploadRefusedError("no_name", "The file has no name. Give it one and upload it.")
    if PurePath(name).suffix.lstrip(".").lower() not in SUPPORTED_EXTENSIONS:
        raise UploadRefusedError(
            "unsupported_type",
            f"“{name}” is of a kind that cannot be read. Save it as PDF, DOCX, XLSX, PPTX, HTML, "
            "Markdown, CSV or plain text and upload that.",
        )
    if effective_from and effective_until and effective_from >= effective_until:
        raise UploadRefusedError(
            "wrong_dates", "“Effective until” must be a later day than “effective from”."
        )
    size = content.seek(0, os.SEEK_END)
    content.seek(0)
    content_hash = hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type]
    content.seek(0)
    if size == 0:
        raise UploadRefusedError("empty_file", f"“{name}” is empty.")
    if size > settings.UPLOAD_MAX_BYTES:
        limit = settings.UPLOAD_MAX_BYTES // 1024 // 1024
        raise UploadRefusedError(
            "too_large", f"“{name}” is larger than {limit} MB. Split it or remove its pictures."
        )
    return Upload(
        content=content,
        file_name=name,
        size=size,
        content_hash=content_hash,
        collection=(collection or DEFAULT_COLLECTION)[:100],
        external_id=(external_id or name)[:300],
        title=title[:300],
        effective_from=effective_from,
        effective_until=effective_until,
    )


def _title_of(file_name: str) -> str:
    stem = PurePath(file_name).stem.replace("_", " ").replace("-", " ").strip()
    return stem[:1].upper() + stem[1:] or file_name


def _stored_name(file_name: str) -> str:
    """A name on disk that nothing in the uploaded name can influence but its known extension."""
    return f"{uuid.uuid4().hex}{PurePath(file_name).suffix.lower()}"


def add_version(
    *, upload: Upload, created_by: AbstractBaseUser | None = None
) -> tuple[DocumentVersion, bool]:
    """Store an upload as the next version of its document and queue it for processing.

    Returns (version, created). The same bytes with the same dates as the document's newest version
    give that version back and False, unless it had failed: then it is tried again. A retired
    version does not count, so that what was taken out of service can be put back by uploading it.
    """
    with transaction.atomic():
        collection, _ = Collection.objects.get_or_create(name=upload.collection)
        document, _ = Document.objects.get_or_create(
            collection=collection,
            external_id=upload.external_id,
            defaults={"title": upload.title or _title_of(upload.file_name)},
        )
        # Uploads of one document follow one another, so that numbers have no gap and no twin.
        document = Document.objects.select_for_update().get(pk=document.pk)
        same = document.versions.filter(
            content_hash=upload.content_hash,
            effective_from=upload.effective_from,
            effective_until=upload.effective_until,
        ).first()
        newest = document.versions.order_by("-number").first()
        if same is not None and _stands(same, newest):
            if same.status == DocumentVersion.Status.FAILED:
                retry_version(version=same)
            return same, False
        number = (document.versions.aggregate(last=Max("number"))["last"] or 0) + 1
        if upload.title and document.title != upload.title:
            document.title = upload.title
        document.save(update_fields=["title", "updated_at"])
        version = DocumentVersion(
            document=document,
            number=number,
            file_name=upload.file_name,
            content_hash=upload.content_hash,
            size=upload.size,
            effective_from=upload.effective_from,
            effective_until=upload.effective_until,
            created_by_id=created_by.pk if created_by is not None else None,
        )
        version.file.save(_stored_name(upload.file_name), File(upload.content), save=False)
        version.save(force_insert=True)
        wake_workers()
    return version, True


@transaction.atomic
def delete_document(*, document: Document) -> None:
    """Remove a document for good: versions, passages, files, and embeddings no other text needs."""
    versions = list(document.versions.all())
    passages = Passage.objects.filter(version__document=document)
    hashes = {bytes(value) for value in passages.values_list("text_hash", flat=True)}
    document.delete()
    shared = Passage.objects.filter(text_hash__in=hashes).values_list("text_hash", flat=True)
    Embedding.objects.filter(text_hash__in=hashes - {bytes(value) for value in shared}).delete()
    for version in versions:
        transaction.on_commit(partial(version.file.delete, save=False), robust=True)


def _stands(same: DocumentVersion, newest: DocumentVersion | None) -> bool:
    if same.state == DocumentVersion.State.PUBLISHED:
        return True
    return same == newest and same.state != DocumentVersion.State.RETIRED


def retry_version(*, version: DocumentVersion) -> None:
    """Queue a failed version again, from the start. Any other version is left alone."""
    changed = DocumentVersion.objects.filter(
        pk=version.pk, status=DocumentVersion.Status.FAILED
    ).update(
        status=DocumentVersion.Status.QUEUED,
        error="",
        attempts=0,
        lease_until=None,
        lease_token=None,
    )
    if changed:
        wake_workers()
