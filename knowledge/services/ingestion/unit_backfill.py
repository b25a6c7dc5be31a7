"""Vectors of units for passages that an earlier version of the product put in without them.

The rows without are the queue, so it is restartable and ends by itself. It is work of low priority:
nothing is done while a version waits to be processed. Until then search computes them at each
question, as far as there is time.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import structlog
from django.db import connection
from django.utils import timezone

from knowledge.embedding.encoder import get_encoder
from knowledge.embedding.model import EmbeddingModelError, TextRefusedError
from knowledge.models import DocumentVersion, EmbeddingIndex
from knowledge.services.ingestion.embeddings import Text, store_units
from knowledge.text.units import unit_texts

log = structlog.get_logger(__name__)

FOUND_TOGETHER = 64  # texts
TOGETHER = 8  # embedded at a time, of ten units or so each: two seconds of one core

# What customers are served comes first.
_WITHOUT = """
SELECT DISTINCT ON (p.published, e.id) e.text_hash, p.context, p.text
FROM knowledge_embedding e JOIN knowledge_passage p ON p.text_hash = e.text_hash
WHERE e.index_id = %s AND e.units IS NULL AND e.text_hash <> ALL(%s)
ORDER BY p.published DESC, e.id
LIMIT %s
"""


def fill(*, seconds: float) -> int:
    """Embed units until none is missing, a version waits or the time is over; of how many texts."""
    index = EmbeddingIndex.objects.filter(state=EmbeddingIndex.State.ACTIVE).first()
    ends_at = time.monotonic() + seconds
    filled, refused = 0, list[bytes]()
    while index is not None and (texts := _texts_without(index, refused)):
        for start in range(0, len(texts), TOGETHER):
            if time.monotonic() > ends_at or _others_wait():
                return filled
            try:
                filled += _fill(index, texts[start : start + TOGETHER], refused)
            except EmbeddingModelError as error:
                log.warning("units_not_embedded", index=index.pk, error=str(error))
                return filled
    if filled:
        log.info("units_filled", texts=filled)
    return filled


def _fill(index: EmbeddingIndex, texts: Sequence[Text], refused: list[bytes]) -> int:
    """Texts that the model refuses are added to `refused`; the others are filled."""
    try:
        return store_units(index, get_encoder(index.model), texts)
    except TextRefusedError as error:
        if len(texts) == 1:
            log.warning("units_refused", index=index.pk, error=str(error))
            refused.append(texts[0].key)
            return 0
        return sum(_fill(index, [text], refused) for text in texts)


def _others_wait() -> bool:
    return DocumentVersion.objects.claimable(timezone.now()).exists()


def _texts_without(index: EmbeddingIndex, refused: Sequence[bytes]) -> list[Text]:
    with connection.cursor() as cursor:
        cursor.execute(_WITHOUT, [index.pk, list(refused), FOUND_TOGETHER])
        rows = {bytes(key): (context, text) for key, context, text in cursor.fetchall()}
    return [
        Text(key, text, tuple(unit_texts(context, text))) for key, (context, text) in rows.items()
    ]
