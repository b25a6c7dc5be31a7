"""What the workers do for embedding indexes, a few seconds' work at a time.

Whatever is to do can be read off the database, and doing it twice does no harm. Several workers
fill an index at once: each takes texts from another place, and a vector that is there already is
not stored again. What only one may do (load a new model, make the search index, compare) is done
under the index's lease; the lease's end is also when an index that met an error is tried again.
"""

from __future__ import annotations

import datetime as dt
import itertools
import secrets
import time
from collections.abc import Callable
from typing import Any

import structlog
from django.db import OperationalError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from knowledge.embedding.encoder import get_encoder
from knowledge.embedding.model import EmbeddingModelError, TextRefusedError
from knowledge.leases import Lease, kept_alive
from knowledge.models import EmbeddingIndex
from knowledge.services.indexes import hnsw
from knowledge.services.indexes.comparison import compare_with_active
from knowledge.services.ingestion.embeddings import Text, embed, texts_of
from knowledge.services.lifecycle import serving

log = structlog.get_logger(__name__)

State = EmbeddingIndex.State
TEXTS = 128  # embedded before a worker looks whether documents wait
DELETED_AT_ONCE = 5000
MOST_WAIT_SECONDS = 600
# What is served first, then what is next to be, then what may be rolled back to.
_IN_ORDER = (("published",), ("draft", "in_review"), ("retired",))
# From a place of chance on, so that workers seldom take the same texts. Versions that are being
# processed are left out: they are not finished before they are in this index too.
_MISSING = """
SELECT DISTINCT ON (p.text_hash) p.text_hash, p.context, p.text
FROM knowledge_passage p JOIN knowledge_documentversion v ON v.id = p.version_id
WHERE v.state = ANY(%(states)s) AND (v.status = 'ready' OR v.state = 'published')
  AND p.text_hash {side} %(start)s
  AND NOT EXISTS (
      SELECT FROM knowledge_embedding e WHERE e.index_id = %(index)s AND e.text_hash = p.text_hash
  )
ORDER BY p.text_hash
LIMIT %(limit)s
"""
_IS_COMPLETE = """
SELECT NOT EXISTS (
    SELECT FROM knowledge_passage p JOIN knowledge_documentversion v ON v.id = p.version_id
    WHERE (v.status = 'ready' OR v.state = 'published')
      AND NOT EXISTS (
          SELECT FROM knowledge_embedding e WHERE e.index_id = %s AND e.text_hash = p.text_hash
      )
)
"""
_COUNT = """
SELECT count(DISTINCT p.text_hash),
       count(DISTINCT p.text_hash) FILTER (WHERE e.text_hash IS NOT NULL)
FROM knowledge_passage p
JOIN knowledge_documentversion v ON v.id = p.version_id
LEFT JOIN knowledge_embedding e ON e.index_id = %s AND e.text_hash = p.text_hash
WHERE v.status = 'ready' OR v.state = 'published'
"""
_DELETE = """
DELETE FROM knowledge_embedding
WHERE id IN (SELECT id FROM knowledge_embedding WHERE index_id = %s LIMIT %s)
"""


def index_work_waits() -> bool:
    """Whether `work_on_indexes` would find something to do."""
    return _due().exists()


def work_on_indexes() -> bool:
    """Do the next piece of what the indexes need, some seconds long; False when there is none."""
    return any(_work_on(index) for index in _due().order_by("pk"))


def _due() -> QuerySet[EmbeddingIndex]:
    free = Q(lease_until=None) | Q(lease_until__lt=timezone.now())
    to_do = (
        Q(state=State.BUILDING)
        | Q(state=State.READY, comparison={})
        # What is left to do about a dropped one is to take its vectors away.
        | Q(state=State.RETIRED, lease_until__isnull=False)
    )
    return EmbeddingIndex.objects.filter(free & to_do)


def _work_on(index: EmbeddingIndex) -> bool:
    """Whether anything was done. An error is noted with the index, which is tried again later."""
    steps: dict[str, Callable[[EmbeddingIndex], bool]] = {
        State.BUILDING: _build,
        State.READY: _compare,
        State.RETIRED: _remove,
    }
    try:
        done = steps[index.state](index)
    except OperationalError:
        raise
    except (EmbeddingModelError, TextRefusedError) as error:
        _try_later(index, str(error))
        return True
    except Exception:
        log.exception("index_not_built", index=index.pk)
        _try_later(index, "Something unexpected went wrong; the worker's log says what.")
        return True
    return done


def _build(index: EmbeddingIndex) -> bool:
    if not index.dimensions:
        return _under_lease(index, _load)
    texts, are_all = _some_missing(index)
    for _, added in embed(index, texts):
        EmbeddingIndex.objects.filter(pk=index.pk).update(
            progress_done=F("progress_done") + added, error="", attempts=0
        )
    if not are_all:
        return True
    # Something is always missing while documents are published, so the next step does not wait
    # until nothing is.
    if index.built_at is None:
        return _under_lease(index, _make_searchable)
    return _complete(index)


def _load(index: EmbeddingIndex) -> None:
    dimensions = get_encoder(index.model).dimensions
    if dimensions > hnsw.MAX_DIMENSIONS:
        raise EmbeddingModelError(
            f"{index.model} has {dimensions} dimensions, and no more than {hnsw.MAX_DIMENSIONS} "
            "can be searched. Choose another model and drop this index."
        )
    index.dimensions = dimensions
    index.save(update_fields=["dimensions"])
    _count(index)


def _some_missing(index: EmbeddingIndex) -> tuple[list[Text], bool]:
    """The next texts to embed, and whether these are all."""
    start = secrets.token_bytes(32)
    rows: list[Any] = []
    for states, side in itertools.product(_IN_ORDER, (">=", "<")):
        if len(rows) < TEXTS:
            parameters: dict[str, Any] = {
                "states": list(states),
                "start": start,
                "index": index.pk,
                "limit": TEXTS - len(rows),
            }
            with connection.cursor() as cursor:
                cursor.execute(_MISSING.format(side=side), parameters)
                rows += cursor.fetchall()
    return list(dict.fromkeys(texts_of(rows))), len(rows) < TEXTS


def _make_searchable(index: EmbeddingIndex) -> None:
    """Make the search index. From then on publications write to the embedding index as well, so
    that the rest, which is what was published meanwhile, grows no more."""
    while hnsw.is_being_made(index):  # PostgreSQL goes on for a worker that is dead
        time.sleep(1)
    if not hnsw.is_usable(index):
        hnsw.drop(index)  # what a killed PostgreSQL left half made
        hnsw.create(index, concurrently=True)
    index.built_at = timezone.now()
    index.save(update_fields=["built_at"])
    _count(index)


def _complete(index: EmbeddingIndex) -> bool:
    with transaction.atomic():
        serving.lock_for_indexes()
        # Nothing is published now. What came while the last texts were embedded is still missing.
        with connection.cursor() as cursor:
            cursor.execute(_IS_COMPLETE, [index.pk])
            is_complete = cursor.fetchone()[0]
        if is_complete:
            EmbeddingIndex.objects.filter(pk=index.pk, state=State.BUILDING).update(
                state=State.READY, progress_done=F("progress_total"), error="", attempts=0
            )
    return True


def _compare(index: EmbeddingIndex) -> bool:
    return _under_lease(index, lambda mine: compare_with_active(index=mine))


def _remove(index: EmbeddingIndex) -> bool:
    def remove(mine: EmbeddingIndex) -> None:
        hnsw.drop(mine)
        with connection.cursor() as cursor:
            cursor.execute(_DELETE, [mine.pk, DELETED_AT_ONCE])
            while cursor.rowcount:
                cursor.execute(_DELETE, [mine.pk, DELETED_AT_ONCE])

    return _under_lease(index, remove)


def _count(index: EmbeddingIndex) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [index.pk])
        index.progress_total, index.progress_done = cursor.fetchone()
    index.save(update_fields=["progress_total", "progress_done"])


# -- the lease --------------------------------------------------------------------------------
def _under_lease(index: EmbeddingIndex, step: Callable[[EmbeddingIndex], object]) -> bool:
    """Do what only one worker may do; False when another one does it."""
    lease = Lease.begin(index)
    still_free = _due().filter(pk=index.pk)
    if not still_free.update(lease_token=lease.token, lease_until=index.lease_until):
        return False
    with kept_alive(lease):
        step(index)
    lease.give_back(error="", attempts=0)
    return True


def _try_later(index: EmbeddingIndex, text: str) -> None:
    seconds = min(MOST_WAIT_SECONDS, 10 * 2 ** min(index.attempts, 6))
    EmbeddingIndex.objects.filter(pk=index.pk).exclude(state=State.ACTIVE).update(
        error=text,
        attempts=F("attempts") + 1,
        lease_token=None,
        lease_until=timezone.now() + dt.timedelta(seconds=seconds),
    )
