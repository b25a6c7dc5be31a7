"""An optional cross-encoder, which scores question and passage together, within a time budget.

SUPPORTBOT_RERANK_MODEL names a folder, or a model on the hub, that sentence-transformers'
CrossEncoder can load. If the budget runs out, the order stays as it was.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import structlog
from django.conf import settings

from supportbot.optional_model import OptionalModel, load_cross_encoder
from supportbot.retrieval.candidates import Candidate

log = structlog.get_logger(__name__)

MAX_RERANKED = 20  # candidates, the best ones
BATCH = 4  # scored between two checks of the budget


def rerank(
    text: str, order: Sequence[int], candidates: Sequence[Candidate], *, enabled: bool = True
) -> tuple[list[int], bool]:
    """`order` (indices of candidates) with the first MAX_RERANKED reranked, and whether that was
    done.

    It is all or nothing, because the scores of the two rankings do not compare.
    """
    name = settings.RERANK_MODEL
    if not (enabled and name and order):
        return list(order), False
    model = MODELS.get(name)
    if model is None:
        return list(order), False
    ends_at = time.monotonic() + settings.RERANK_BUDGET_MS / 1000
    read = list(order[:MAX_RERANKED])
    scores: dict[int, float] = {}
    for start in range(0, len(read), BATCH):
        if time.monotonic() >= ends_at:
            log.info("rerank_out_of_time", read=len(scores), of=len(read))
            return list(order), False
        batch = read[start : start + BATCH]
        pairs = [(text, _shown(candidates[at])) for at in batch]
        try:
            found = [float(score) for score in model.predict(pairs, batch_size=BATCH)]
            scores |= zip(batch, found, strict=True)
        except Exception as error:  # noqa: BLE001  a model of another kind, or out of memory
            log.error("rerank_failed", model=name, error=str(error))
            return list(order), False
    return [*sorted(read, key=lambda at: -scores[at]), *order[MAX_RERANKED:]], True


def is_configured() -> bool:
    return bool(settings.RERANK_MODEL)


def _shown(candidate: Candidate) -> str:
    return f"{candidate.context}\n{candidate.text}" if candidate.context else candidate.text


MODELS = OptionalModel(load_cross_encoder, "rerank_model_not_loaded")
