"""The text of a customer's file, for this conversation alone: it joins no index."""

from __future__ import annotations

import tempfile
from pathlib import Path
from uuid import UUID

import structlog
from celery import shared_task

from knowledge.reading import UnreadableFileError, read_file
from tickets.models import Attachment

log = structlog.get_logger(__name__)
SUFFIXES = {"application/pdf": ".pdf", "text/plain": ".txt"}
MOST_CHARACTERS = 50_000


@shared_task
def read_customer_file(pk: str) -> None:
    """Read it in the reader's own, limited process. A file that cannot be read stays without."""
    file = Attachment.objects.filter(pk=UUID(pk), content_type__in=SUFFIXES).first()
    if file is None:
        return
    with tempfile.NamedTemporaryFile(suffix=SUFFIXES[file.content_type]) as copy:
        with file.file.open("rb") as stored:
            copy.write(stored.read())
        copy.flush()
        try:
            read = read_file(Path(copy.name), Path(copy.name).name)
        except UnreadableFileError as error:
            log.info("customer_file_not_read", file=pk, reason=type(error).__name__)
            return
    Attachment.objects.filter(pk=file.pk).update(text=read.markdown[:MOST_CHARACTERS])
