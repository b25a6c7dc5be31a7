"""Accepting files: a file becomes a queued version of a document, or nothing when it is known."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import PurePath
from typing import IO, Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction

from knowledge.models import (
    Audience,
    Collection,
    Document,
    DocumentVersion,
    Embedding,
    Passage,
)
from knowledge.models.documents import default_locale
from knowledge.reading import SUPPORTED_EXTENSIONS
from knowledge.services.ingestion import stored_files
from knowledge.services.ingestion.queue import wake_workers
from knowledge.services.lifecycle import history, serving
from knowledge.services.lifecycle.descriptions import Description, describe_document
from knowledge.text.plain import as_title

DEFAULT_COLLECTION = "Documents"
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")


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
    audience: Audience
    locale: str
    source_url: str
    publish: bool
    check_first: bool


def check_upload(  # noqa: PLR0913  (a form with these fields, each given by name)
    content: IO[bytes],
    *,
    file_name: str,
    collection: str = "",
    external_id: str = "",
    title: str = "",
    effective_from: dt.date | None = None,
    effective_until: dt.date | None = None,
    audience: str = Audience.PUBLIC,
    locale: str = "",
    source_url: str = "",
    publish: bool = True,
    check_first: bool = False,
) -> Upload:
    """Raw input → Upload. Raises UploadRefusedError; changes nothing.

    `publish` False leaves the version a draft once it is read; `check_first` publishes it only once
    its content has been checked and contradicts nothing. Without a `locale` a document keeps the
    one it has.
    """
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
        title=as_title(title)[:300],
        effective_from=effective_from,
        effective_until=effective_until,
        audience=Audience(audience),
        locale=_check_locale(locale),
        source_url=source_url,
        publish=publish,
        check_first=check_first,
    )


def _check_locale(locale: str) -> str:
    if locale and not _LANGUAGE_TAG.fullmatch(locale):
        raise UploadRefusedError(
            "wrong_locale", f"“{locale[:40]}” is no language tag. Write one such as en or pt-BR."
        )
    return locale


def _title_of(file_name: str) -> str:
    stem = as_title(PurePath(file_name).stem.replace("_", " ").replace("-", " "))
    return stem[:1].upper() + stem[1:] or file_name


def add_version(
    *,
    upload: Upload,
    created_by: AbstractBaseUser | None = None,
    corrects: DocumentVersion | None = None,
    note: str = "",
) -> tuple[DocumentVersion, bool]:
    """Store an upload as the next version of its document and queue it for processing.

    Returns (version, created). The same bytes on the same terms as the document's newest version
    give that version back and False, unless it had failed: then it is tried again. A retired
    version does not count, so that what was taken out of service can be put back by uploading it.
    `corrects` is the version whose text was corrected by hand, `note` what was changed.
    """
    with transaction.atomic():
        document, is_new = _document_of(upload)
        versions: list[DocumentVersion] = []
        if not is_new:
            # Uploads of one document follow one another, so that numbers have no gap and no twin.
            document = Document.objects.select_for_update().get(pk=document.pk)
            versions = list(document.versions.defer("markdown", "page_starts").order_by("-number"))
            if same := _same_as(upload, versions):
                if same.status == DocumentVersion.Status.FAILED:
                    retry_version(version=same)
                return same, False
            _redescribe(document, upload, created_by)
        version = DocumentVersion(
            document=document,
            number=versions[0].number + 1 if versions else 1,
            file_name=upload.file_name,
            content_hash=upload.content_hash,
            size=upload.size,
            effective_from=upload.effective_from,
            effective_until=upload.effective_until,
            audience=upload.audience,
            publish_when_ready=upload.publish,
            check_first=upload.check_first,
            created_by_id=created_by.pk if created_by is not None else None,
        )
        stored_files.store(version, upload.content)
        version.save(force_insert=True)
        what: dict[str, Any] = (
            {"corrects": corrects.number} if corrects else {"file_name": version.file_name}
        )
        history.record(
            action="corrected" if corrects else "uploaded",
            document=document,
            version=version,
            by=created_by,
            **(what | {"note": note} if note else what),
        )
        wake_workers()
    return version, True


def find_by_file_name(file_name: str, *, collection: str = "") -> Document | None:
    """The document that a file of this name is a new version of, in whichever collection it lies.

    Among several the one in `collection` is meant; raises UploadRefusedError when none lies there.
    Web pages, and what a measurement has put in, have no file that somebody could upload.
    """
    files = Document.objects.filter(source_url="", collection__temporary=False)
    files = files.select_related("collection")
    named = list(files.filter(external_id=file_name))
    named = named or list(files.filter(versions__file_name=file_name).distinct())
    here = [document for document in named if document.collection.name == collection]
    found = here or named
    if len(found) > 1:
        places = ", ".join(f"“{document}” in {document.collection}" for document in found[:5])
        raise UploadRefusedError(
            "several_documents",
            f"{len(found)} documents have the file name “{file_name}”: {places}. Open the one that "
            "is meant and choose “Upload a new version” there.",
        )
    return next(iter(found), None)


def _document_of(upload: Upload) -> tuple[Document, bool]:
    """The upload's document, and whether it is new."""
    documents = Document.objects.filter(
        collection__name=upload.collection, external_id=upload.external_id
    )
    document = documents.first()
    if document is None:
        collection, _ = Collection.objects.get_or_create(name=upload.collection)
        new = Document(
            collection=collection,
            external_id=upload.external_id,
            title=upload.title or _title_of(upload.file_name),
            locale=upload.locale or default_locale(),
            source_url=upload.source_url,
        )
        try:
            with transaction.atomic():
                new.save(force_insert=True)
        except IntegrityError:  # another upload of it was first
            document = documents.get()
        else:
            return new, True
    description = Description.of(document).with_given(title=upload.title, locale=upload.locale)
    if description != Description.of(document):
        serving.lock_for_publication()  # before the document's lock, as publications do
    return document, False


def _redescribe(document: Document, upload: Upload, by: AbstractBaseUser | None) -> None:
    """What the upload says of the document stands from now on."""
    description = Description.of(document).with_given(title=upload.title, locale=upload.locale)
    if description != Description.of(document):
        describe_document(document=document, description=description, by=by)
    if upload.source_url and upload.source_url != document.source_url:
        document.source_url = upload.source_url
    document.save(update_fields=["source_url", "updated_at"])


@transaction.atomic
def delete_document(*, document: Document, by: AbstractBaseUser | None = None) -> None:
    """Remove a document for good: versions, passages, files, and embeddings no other text needs.

    Its history stays.
    """
    # A version with the same text must not be published while its vectors go.
    serving.lock_for_indexes()
    history.record(action="deleted", document=document, by=by)
    files = list(document.versions.values_list("content_hash", "file"))
    passages = Passage.objects.filter(version__document=document)
    hashes = {bytes(value) for value in passages.values_list("text_hash", flat=True)}
    document.delete()
    shared = Passage.objects.filter(text_hash__in=hashes).values_list("text_hash", flat=True)
    Embedding.objects.filter(text_hash__in=hashes - {bytes(value) for value in shared}).delete()
    transaction.on_commit(partial(stored_files.delete_unused, files), robust=True)


def _same_as(upload: Upload, versions: Sequence[DocumentVersion]) -> DocumentVersion | None:
    """The version, of these from the newest on, that the upload would only repeat."""
    terms = (upload.effective_from, upload.effective_until, upload.audience)
    for version in versions:
        if version.content_hash == upload.content_hash and terms == (
            version.effective_from,
            version.effective_until,
            version.audience,
        ):
            stands = version.state == DocumentVersion.State.PUBLISHED or (
                version == versions[0] and version.state != DocumentVersion.State.RETIRED
            )
            return version if stands else None
    return None


def retry_version(*, version: DocumentVersion, by: AbstractBaseUser | None = None) -> None:
    """Queue a failed or cancelled version again, from the start. Any other is left alone."""
    with transaction.atomic():
        changed = DocumentVersion.objects.filter(
            pk=version.pk,
            status__in=[DocumentVersion.Status.FAILED, DocumentVersion.Status.CANCELLED],
        ).update(
            status=DocumentVersion.Status.QUEUED,
            error="",
            attempts=0,
            lease_until=None,
            lease_token=None,
        )
        if changed:
            history.record(action="tried_again", document=version.document, version=version, by=by)
            wake_workers()


def cancel_version(*, version: DocumentVersion, by: AbstractBaseUser | None = None) -> bool:
    """Stop the processing of a version; the worker that has it notices at its next step.

    False when it was not in progress any more.
    """
    with transaction.atomic():
        changed = (
            DocumentVersion.objects.in_progress()
            .filter(pk=version.pk)
            .update(
                status=DocumentVersion.Status.CANCELLED,
                lease_until=None,
                lease_token=None,
                error="",
            )
        )
        if changed:
            history.record(action="cancelled", document=version.document, version=version, by=by)
    return bool(changed)
