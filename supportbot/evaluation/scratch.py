"""A collection for the time of an evaluation: put in by the product itself, removed afterwards.

Its documents are for staff only, so no customer is answered from them meanwhile. Nothing needs to
run: this process does the workers' work, beside them if there are any.
"""

from __future__ import annotations

import datetime as dt
import io
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from django.db import connection, transaction
from django.utils import timezone

from knowledge.models import Audience, Collection, DocumentVersion
from knowledge.progress import Line, Rate
from knowledge.selectors import Progress, progress_of
from knowledge.services.ingestion.documents import (
    UploadRefusedError,
    add_version,
    check_upload,
    delete_document,
)
from knowledge.services.ingestion.pipeline import process_versions
from knowledge.services.ingestion.queue import bundled_wake_ups, claim_some
from supportbot.evaluation.questions import Text
from supportbot.evaluation.report import EvaluationError

# Nobody gives a collection such a name by hand, so what bears one may be removed.
_NAME = "evaluation {}"
_NAMES = r"^evaluation [0-9a-f]{32}$"
LEFT_BEHIND_AFTER = dt.timedelta(days=1)
STALLED_SECONDS = 120.0  # without any progress
_PAUSE_SECONDS = 0.5
_ENDING = (signal.SIGTERM, signal.SIGHUP)
_REMOVED_TOGETHER = 20  # documents; publications wait for so long

Say = Callable[[str], None]


@dataclass(frozen=True)
class Scratch:
    """`unread`: (document's id, reason) of those that the product could not read."""

    collection: int
    passages: int
    unread: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class StoredFile:
    """A document in a file of its own, in effect from one day to another."""

    id: str
    title: str
    path: Path
    effective_from: dt.date | None = None
    effective_until: dt.date | None = None


@contextmanager
def scratch_collection(documents: Sequence[Text | StoredFile], *, say: Say) -> Iterator[Scratch]:
    """The documents, published in a collection of their own until the block ends, however it ends:
    SIGTERM and SIGHUP end it with SystemExit.

    Raises EvaluationError when they cannot be put in.
    """
    remove_leftovers(say)
    name = _NAME.format(uuid.uuid4().hex)
    with _ended_by_signals() as ignore_signals:
        try:
            collection = Collection.objects.create(name=name, temporary=True)
            with bundled_wake_ups():
                versions = [_add(document, collection).pk for document in documents]
            progress = _process(versions)
            yield Scratch(collection.pk, progress.passages_total, _unread(versions))
        finally:
            ignore_signals()
            say(f"Removing the {len(documents)} documents.")
            _use_a_new_connection()
            for made in Collection.objects.filter(name=name):
                _remove(made)


@contextmanager
def _ended_by_signals() -> Iterator[Callable[[], None]]:
    """Within the block a signal that would kill the process raises SystemExit instead, until what
    is yielded is called: then such signals are ignored, and what is being removed is removed."""
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return

    def end(number: int, frame: FrameType | None) -> None:
        ignore()
        raise SystemExit(128 + number)  # as a shell gives it

    def ignore() -> None:
        for number in _ENDING:
            signal.signal(number, signal.SIG_IGN)

    before = {number: signal.signal(number, end) for number in _ENDING}
    try:
        yield ignore
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _use_a_new_connection() -> None:
    """A signal may have come in the middle of a statement, whose answer is still on its way."""
    if not connection.in_atomic_block:
        connection.close()


def remove_leftovers(say: Say) -> None:
    """Remove the collections of runs that were killed, once they are a day old."""
    before = timezone.now() - LEFT_BEHIND_AFTER
    for collection in Collection.objects.filter(name__regex=_NAMES, created_at__lt=before):
        say(f"Removing what an evaluation left behind on {collection.created_at:%d %B}.")
        _remove(collection)


def _add(document: Text | StoredFile, collection: Collection) -> DocumentVersion:
    if isinstance(document, StoredFile):
        return _add_file(document, collection)
    upload = check_upload(
        io.BytesIO(document.text.encode()),
        file_name=f"{document.id.replace('/', '_')[-150:]}.md",
        collection=collection.name,
        external_id=document.id,
        title=document.title or document.id,
        audience=Audience.INTERNAL,
    )
    return add_version(upload=upload)[0]


def _add_file(document: StoredFile, collection: Collection) -> DocumentVersion:
    with document.path.open("rb") as content:
        try:
            upload = check_upload(
                content,
                file_name=document.path.name,
                collection=collection.name,
                external_id=document.id,
                title=document.title,
                effective_from=document.effective_from,
                effective_until=document.effective_until,
                audience=Audience.INTERNAL,
            )
        except UploadRefusedError as error:
            raise EvaluationError(str(error)) from error
        return add_version(upload=upload)[0]


def _process(versions: Sequence[int]) -> Progress:
    """Work on the queue until these versions are done, and no longer."""
    line, rate = Line(sys.stderr), Rate()
    last, moved_at = None, time.monotonic()
    while True:
        progress = progress_of(versions)
        if progress != last:
            last, moved_at = progress, time.monotonic()
            rate.note(progress.passages_done)
            line.show(_describe(progress, len(versions), rate), _share(progress, len(versions)))
        if progress.finished:
            line.end()
            return progress
        if time.monotonic() - moved_at > STALLED_SECONDS:
            raise EvaluationError(_why_stalled(versions))
        if claimed := claim_some():
            process_versions(claimed)
        else:
            time.sleep(_PAUSE_SECONDS)


def _share(progress: Progress, total: int) -> float:
    return (progress.live + progress.failed) / max(1, total)


def _describe(progress: Progress, total: int, rate: Rate) -> str:
    done = progress.live + progress.failed
    return f"{done}/{total} documents put in{rate.describe(progress.passages_left)}"


def _why_stalled(versions: Sequence[int]) -> str:
    waiting = DocumentVersion.objects.in_progress().filter(pk__in=versions)
    errors = set(waiting.exclude(error="").values_list("error", flat=True)[:1])
    return " ".join(
        [f"Nothing was put in for {STALLED_SECONDS:.0f} seconds, so this was given up.", *errors]
    )


def _unread(versions: Sequence[int]) -> list[tuple[str, str]]:
    unread = DocumentVersion.objects.filter(pk__in=versions).exclude(
        status=DocumentVersion.Status.READY
    )
    return list(unread.order_by("pk").values_list("document__external_id", "error"))


def _remove(collection: Collection) -> None:
    """By the product's own service: it keeps the vectors that other documents need."""
    documents = list(collection.documents.all())
    for start in range(0, len(documents), _REMOVED_TOGETHER):
        with transaction.atomic():
            for document in documents[start : start + _REMOVED_TOGETHER]:
                delete_document(document=document)
    collection.delete()
