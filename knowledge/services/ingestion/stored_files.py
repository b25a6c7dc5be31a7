"""The files of versions on disk: the same bytes are kept once, for as long as a version needs them.

Files have names of our own, which a version's row leads to; a file that a killed process has left
half written has no row, so nothing is ever read from it.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection as Several
from pathlib import PurePath
from typing import IO

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import connection, transaction

from knowledge.models import DocumentVersion

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"


def store(version: DocumentVersion, content: IO[bytes]) -> None:
    """Give a version that is not saved yet its file. To be called in the transaction that saves it:
    until that ends, nobody deletes the file because the last other version is gone."""
    _lock(version.content_hash)
    same = DocumentVersion.objects.filter(content_hash=version.content_hash).only("file").first()
    if same is not None and same.file.storage.exists(str(same.file.name)):
        version.file.name = same.file.name
        return
    # Nothing in the uploaded name but its extension has a say in the name on disk.
    name = f"{uuid.uuid4().hex}{PurePath(version.file_name).suffix.lower()}"
    version.file.save(name, File(content), save=False)


def delete_unused(versions: Several[tuple[str, str]]) -> None:
    """Delete the files of deleted versions, given as (content hash, file name), that no other
    version has. To be called after the transaction that deleted the versions."""
    for content_hash, name in set(versions):
        with transaction.atomic():
            _lock(content_hash)
            if not DocumentVersion.objects.filter(content_hash=content_hash, file=name).exists():
                default_storage.delete(name)


def _lock(content_hash: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [content_hash])
