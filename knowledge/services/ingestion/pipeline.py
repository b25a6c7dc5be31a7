"""The steps from a stored file to served passages. Each is restartable and leaves its result in
the database, so that another worker goes on where one was killed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import structlog
from django.conf import settings
from django.db import OperationalError

from knowledge.embedding.encoder import get_tokenizer
from knowledge.embedding.model import EmbeddingModelError, TextRefusedError
from knowledge.leases import Lease, LeaseLostError, kept_alive
from knowledge.models import DocumentVersion, EmbeddingIndex, Passage
from knowledge.pages import page_at
from knowledge.reading import ReadText, UnreadableFileError, read_file
from knowledge.services.indexes.embedding_indexes import get_active_index, written_indexes
from knowledge.services.ingestion.embeddings import count_missing, embed, missing_texts, text_hash
from knowledge.services.ingestion.passages import SplitVersion, store_reading, store_split
from knowledge.services.ingestion.queue import (
    TOGETHER_BYTES,
    a_smaller_one_waits,
    postpone,
    record_failure,
    record_pages,
    record_step,
    release,
    step_aside,
)
from knowledge.services.lifecycle.publishing import finish_together
from knowledge.services.lifecycle.text_checks import check_texts
from knowledge.splitting import say_tables, split_markdown
from knowledge.terms import passage_weights, sparse_vector

log = structlog.get_logger(__name__)

Status = DocumentVersion.Status
T = TypeVar("T")
YIELD_SECONDS = 5.0  # so long a large file is embedded while smaller ones wait
UNEXPECTED = (
    "Something unexpected went wrong while reading this file. Try again; if it fails again, save "
    "the file in another format and upload that."
)


class _TurnOverError(Exception):
    """It is the turn of others; what is done so far is kept."""


def process_version(version: DocumentVersion) -> None:
    """Bring a claimed version from its current step to published, or to failed with a reason."""
    process_versions([version])


def process_versions(versions: Sequence[DocumentVersion], *, ends_at: float = float("inf")) -> None:
    """Bring versions that were claimed together to published; their passages are embedded together.

    One that is still being embedded at `ends_at` (of time.monotonic) is given back as far as it is.
    """
    if not versions:
        return
    yields_at = time.monotonic() + YIELD_SECONDS

    def is_over(version: DocumentVersion) -> bool:
        now = time.monotonic()
        return now > ends_at or (now > yields_at and a_smaller_one_waits(version))

    with kept_alive(Lease(*versions)):
        split = {
            version.pk: result
            for version in versions
            if version.status in {Status.QUEUED, Status.SPLITTING}
            and (result := _attempt(_split, version)) is not None
        }
        _together(
            [version for version in versions if version.pk in split],
            lambda some: store_split([split[version.pk] for version in some]),
        )
        _together(
            [version for version in versions if version.status == Status.EMBEDDING],
            partial(_embed, is_over=is_over),
        )


def _together(
    versions: Sequence[DocumentVersion], step: Callable[[Sequence[DocumentVersion]], None]
) -> None:
    """Do a step for all at once; if one of them is the cause that it fails, for each alone."""
    if not versions:
        return
    try:
        step(versions)
    except (EmbeddingModelError, OperationalError, OSError) as error:
        for version in versions:
            _record(version, error)
    except Exception as error:
        if len(versions) == 1:
            _record(versions[0], error)
            return
        log.exception("processed_one_by_one", versions=len(versions))
        for version in versions:
            _together([version], step)


def _attempt(step: Callable[[DocumentVersion], T], version: DocumentVersion) -> T | None:
    """The step's result; None when it failed, which is recorded."""
    try:
        return step(version)
    except Exception as error:  # noqa: BLE001  (logged and recorded below)
        _record(version, error)
        return None


def _record(version: DocumentVersion, error: Exception) -> None:
    """What becomes of a version after an error in one of its steps."""
    match error:
        case LeaseLostError():
            log.info("lease_lost", version=version.pk)
        case _TurnOverError():
            step_aside(version)
        case UnreadableFileError():
            record_failure(version, str(error))
        case TextRefusedError():
            record_failure(version, f"{error} Change that part of the file and upload it again.")
        case EmbeddingModelError():
            log.warning("embedding_unavailable", version=version.pk, error=str(error))
            postpone(version, str(error))
        case OperationalError() | OSError():
            log.warning("processing_interrupted", version=version.pk, exc_info=error)
            release(version)
        case _:
            log.error("processing_failed", version=version.pk, exc_info=error)
            record_failure(version, UNEXPECTED)


def _split(version: DocumentVersion) -> SplitVersion:
    reading: ReadText | None = None
    if version.status == Status.QUEUED:
        # A lost lease ends the reading.
        on_page = partial(record_pages, version)
        reading = read_file(Path(version.file.path), version.file_name, on_page)
        version.markdown, version.page_starts = reading.markdown, reading.page_starts
        if version.size > TOGETHER_BYTES:
            store_reading(version, reading)
            reading = None
    passages = cut(version)
    if not passages:
        raise UnreadableFileError("No text was found in the file besides headings.")
    return SplitVersion(version, passages, reading)


def cut(version: DocumentVersion) -> list[Passage]:
    """The passages of a version's text, not stored yet."""
    tokenizer = get_tokenizer(get_active_index().model)
    document = version.document
    # A document that nobody gave a title is named by its id, which says nothing about the text.
    title = document.title if document.title != document.external_id else ""
    passages: list[Passage] = []
    for piece in split_markdown(version.markdown, tokenizer, settings.PASSAGE_TOKENS):
        context = context_of(title, piece.heading)
        weights = passage_weights(context, say_tables(piece.text), document.locale)
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
                terms=list(weights),
                weights=sparse_vector(weights),
            )
        )
    return passages


def context_of(title: str, heading: tuple[str, ...]) -> str:
    """What stands above a passage: the title, and the headings unless they repeat it."""
    parts = [title, *(part for part in heading if part.casefold() != title.casefold())]
    return " › ".join(filter(None, parts))


def _embed(
    versions: Sequence[DocumentVersion], *, is_over: Callable[[DocumentVersion], bool]
) -> None:
    """Embed what is missing, check what the texts say and finish; an index that becomes complete
    meanwhile is served too."""
    waiting = list(versions)
    while waiting:
        indexes = written_indexes()
        steps = _Steps(waiting, indexes, is_over)
        for index in indexes:
            for tried, _ in embed(index, missing_texts(index, [v.pk for v in waiting])):
                steps.note(tried)
        check_texts(waiting)
        finished = finish_together(versions=waiting)
        for pk in finished.lost:
            log.info("lease_lost", version=pk)
        waiting = [version for version in waiting if version.pk in finished.incomplete]


class _Steps:
    """Tells how far a version is that is embedded alone, and ends its turn when that is over.

    Small ones, embedded together, are done too soon for either.
    """

    def __init__(
        self,
        versions: Sequence[DocumentVersion],
        indexes: Sequence[EmbeddingIndex],
        is_over: Callable[[DocumentVersion], bool],
    ) -> None:
        self._version = versions[0] if len(versions) == 1 else None
        self._indexes, self._is_over = len(indexes), is_over
        self._missing = 0
        if self._version is not None:
            self._missing = sum(count_missing(index, self._version.pk) for index in indexes)

    def note(self, texts: int) -> None:
        """So many have been embedded. Raises LeaseLostError and _TurnOverError."""
        self._missing = max(0, self._missing - texts)
        if self._version is None:
            return
        missing = math.ceil(self._missing / self._indexes)
        record_step(self._version, progress_done=max(0, self._version.progress_total - missing))
        if self._missing and self._is_over(self._version):
            raise _TurnOverError
