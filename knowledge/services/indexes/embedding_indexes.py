"""Embedding indexes: which one answers questions, and their states.

    building → ready ⇄ active
        └────────┴───→ retired

A building index is filled by the workers (knowledge.services.indexes.building). From then on each
publication writes to it too, so a switch to it, and back, changes two rows and nothing else.
"""

from __future__ import annotations

import datetime as dt
import functools
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import structlog
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from knowledge.embedding.encoder import Vectors, get_encoder, is_loaded
from knowledge.embedding.model import EmbeddingModelError
from knowledge.embedding.questions import encode_questions
from knowledge.models import EmbeddingIndex
from knowledge.services.indexes import hnsw
from knowledge.services.ingestion.queue import wake_workers
from knowledge.services.lifecycle import serving

log = structlog.get_logger(__name__)

State = EmbeddingIndex.State
# Questions that were asked just before an index was dropped are still answered from it.
DROP_AFTER_SECONDS = 60
RELOAD_SECONDS = 30  # until a model that could not be loaded is tried again for questions


class IndexRefusedError(ValueError):
    """The step is not possible. `str()` is a sentence for an operator, `code` is stable."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def get_active_index() -> EmbeddingIndex:
    """The index that questions are searched in; made for the configured model on first use."""
    active = EmbeddingIndex.objects.filter(state=State.ACTIVE).first()
    return active or _create_active(settings.EMBEDDING_MODEL)


def _create_active(model: str) -> EmbeddingIndex:
    dimensions = get_encoder(model).dimensions
    now = timezone.now()
    try:
        with transaction.atomic():
            index = EmbeddingIndex.objects.create(
                model=model,
                dimensions=dimensions,
                state=State.ACTIVE,
                built_at=now,
                activated_at=now,
            )
            hnsw.create(index)
    except IntegrityError:  # another process was first
        return EmbeddingIndex.objects.get(state=State.ACTIVE)
    return index


def written_indexes() -> list[EmbeddingIndex]:
    """The indexes that every new text is embedded in: the complete ones, and one that is filled
    but for what was published since."""
    almost = Q(state=State.BUILDING, built_at__isnull=False)
    indexes = EmbeddingIndex.objects.filter(Q(state__in=EmbeddingIndex.COMPLETE) | almost)
    return list(indexes.order_by("pk")) or [get_active_index()]


# -- for questions ----------------------------------------------------------------------------
def embed_questions(texts: Sequence[str], *, indexes: str = "") -> tuple[EmbeddingIndex, Vectors]:
    """Questions' vectors, float32 of shape (len(texts), dimensions), and the index to search with
    them. Whoever has just read what identifies the complete `indexes` saves a query by it.

    When the active index's model does not answer, as a server may, another complete index does.
    Raises EmbeddingModelError when none can.
    """
    index = index_for_questions(indexes)
    try:
        return index, encode_questions(index.model, texts)
    except EmbeddingModelError:
        for other in _complete_indexes():
            if other.pk != index.pk and is_loaded(other.model):
                return other, encode_questions(other.model, texts)
        raise


def index_for_questions(indexes: str = "") -> EmbeddingIndex:
    """The active index, if this process has loaded its model; else a complete one whose model it
    has, such as the one before a switch, while the new model is loaded in the background.

    So a switch makes no question wait. One query, or none for `indexes` that are known. Raises
    EmbeddingModelError when no model at all can be loaded.
    """
    complete = _known_indexes(indexes) if indexes else _complete_indexes()
    if not complete or complete[0].state != State.ACTIVE:
        complete = [get_active_index(), *complete]
    chosen = next((index for index in complete if is_loaded(index.model)), None)
    if chosen is None:
        return _first_loadable(complete)
    if chosen.pk != complete[0].pk:
        _load_in_background(complete[0].model)
    return chosen


@functools.lru_cache(maxsize=1)
def _known_indexes(indexes: str) -> list[EmbeddingIndex]:
    return _complete_indexes()


def _complete_indexes() -> list[EmbeddingIndex]:
    """The active one first, then the others, the one that was active last before those before."""
    last_active_first = F("activated_at").desc(nulls_last=True)
    indexes = list(EmbeddingIndex.objects.complete().order_by(last_active_first, "-pk"))
    return sorted(indexes, key=lambda index: index.state != State.ACTIVE)


def _first_loadable(indexes: Sequence[EmbeddingIndex]) -> EmbeddingIndex:
    for index in indexes:
        try:
            get_encoder(index.model)
        except EmbeddingModelError as error:
            if index.pk == indexes[-1].pk:
                raise
            log.warning("embedding_model_not_loaded", model=index.model, error=str(error))
        else:
            return index
    raise EmbeddingModelError("There is no embedding index.")


_not_before: dict[str, float] = {}
_loading = threading.Lock()


def _load_in_background(model: str) -> None:
    if time.monotonic() < _not_before.get(model, 0.0) or not _loading.acquire(blocking=False):
        return

    def load() -> None:
        try:
            get_encoder(model).encode_questions(["warm up"])
        except EmbeddingModelError as error:
            _not_before[model] = time.monotonic() + RELOAD_SECONDS
            log.warning("embedding_model_not_loaded", model=model, error=str(error))
        finally:
            _loading.release()

    threading.Thread(target=load, daemon=True, name=f"load {model}").start()


# -- for operators ----------------------------------------------------------------------------
def start_index(*, model: str, by: AbstractBaseUser | None = None) -> EmbeddingIndex:
    """Begin to build an index for a model beside the active one, or give back the one there is.

    The workers do it; nothing else changes until `activate_index`.
    """
    name = model.strip()
    if not name:
        raise IndexRefusedError("no_model", "Name an embedding model.")
    if Path(name).is_dir():
        name = str(Path(name).resolve())  # the workers may run in another folder
    with transaction.atomic():
        index, created = EmbeddingIndex.objects.exclude(state=State.RETIRED).get_or_create(
            model=name, defaults={"dimensions": 0, "created_by_id": by.pk if by else None}
        )
        if created:
            wake_workers()
    return index


def activate_index(*, index: EmbeddingIndex) -> None:
    """Let questions go to this index from now on. The one before is kept, complete, so that it can
    be gone back to by the same step. Raises IndexRefusedError unless this one is ready."""
    with transaction.atomic():
        serving.lock_for_indexes()
        mine = EmbeddingIndex.objects.select_for_update().get(pk=index.pk)
        if mine.state not in EmbeddingIndex.COMPLETE:
            raise IndexRefusedError(
                "not_ready", f"The index of {mine.model} is not ready, so nothing was switched."
            )
        if mine.state == State.READY:
            EmbeddingIndex.objects.filter(state=State.ACTIVE).update(state=State.READY)
            mine.state, mine.activated_at = State.ACTIVE, timezone.now()
            mine.save(update_fields=["state", "activated_at"])
    index.refresh_from_db()


def drop_index(*, index: EmbeddingIndex) -> None:
    """Give an index up; the workers delete its vectors. Raises IndexRefusedError for the active."""
    with transaction.atomic():
        serving.lock_for_indexes()
        mine = EmbeddingIndex.objects.select_for_update().get(pk=index.pk)
        if mine.state == State.ACTIVE:
            raise IndexRefusedError(
                "active",
                f"Questions are answered from the index of {mine.model}. "
                "Switch to another one before you drop it.",
            )
        if mine.state != State.RETIRED:
            mine.state, mine.error, mine.lease_token = State.RETIRED, "", None
            mine.lease_until = timezone.now() + dt.timedelta(seconds=DROP_AFTER_SECONDS)
            mine.save(update_fields=["state", "error", "lease_token", "lease_until"])
    index.refresh_from_db()


def compare_again(*, index: EmbeddingIndex) -> None:
    """Have the workers compare a ready index with the active one anew."""
    EmbeddingIndex.objects.filter(pk=index.pk, state=State.READY).update(comparison={})
    wake_workers()


def find_index(name: str) -> EmbeddingIndex:
    """By its id or its model, among those that are not dropped. Raises IndexRefusedError."""
    indexes = EmbeddingIndex.objects.exclude(state=State.RETIRED)
    folder = str(Path(name).resolve()) if Path(name).is_dir() else name
    wanted = Q(pk=int(name)) if name.isdecimal() else Q(model__in=[name, folder])
    index = indexes.filter(wanted).first()
    if index is None:
        there = ", ".join(f"{one.pk} ({one.model})" for one in indexes.order_by("pk")) or "none"
        raise IndexRefusedError("unknown", f"There is no index {name!r}. There are: {there}.")
    return index
