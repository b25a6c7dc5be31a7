"""An optional cross-encoder, which reads question and passage together, within a time budget.

It is set by SUPPORTBOT_RERANK_MODEL: a folder, or a name on the hub, of a model that
sentence-transformers' CrossEncoder loads. What is not judged when the budget is spent keeps the
order it had.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

import structlog
from django.conf import settings

from supportbot.retrieval.candidates import Candidate

log = structlog.get_logger(__name__)

READ = 20  # of the best candidates
BATCH = 4  # read between two looks at the clock

_loading = threading.Lock()
_models: dict[str, Any] = {}
_failed: dict[str, str] = {}


def rerank(
    text: str, order: Sequence[int], candidates: Sequence[Candidate], *, wanted: bool = True
) -> tuple[list[int], bool]:
    """`order` with its beginning in the cross-encoder's order, and whether it had the time.

    All or nothing: scores of two kinds do not compare, so a budget that ends in the middle leaves
    the order as it was.
    """
    name = settings.RERANK_MODEL
    if not (wanted and name and order):
        return list(order), False
    model = _model(name)
    if model is None:
        return list(order), False
    ends_at = time.monotonic() + settings.RERANK_BUDGET_MS / 1000
    read = list(order[:READ])
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
        except Exception as error:  # noqa: BLE001  a model of another kind, or memory
            log.error("rerank_failed", model=name, error=str(error))
            return list(order), False
    return [*sorted(read, key=lambda at: -scores[at]), *order[READ:]], True


def is_configured() -> bool:
    return bool(settings.RERANK_MODEL)


def _shown(candidate: Candidate) -> str:
    return f"{candidate.context}\n{candidate.text}" if candidate.context else candidate.text


def _model(name: str) -> Any:
    """The loaded model; None while it is loaded in the background, and when it cannot be loaded:
    the fused order stands then, and the log says why, once."""
    if name not in _models and name not in _failed and _loading.acquire(blocking=False):
        threading.Thread(target=_load, args=(name,), daemon=True, name=f"load {name}").start()
    return _models.get(name)


def _load(name: str) -> None:
    try:
        from sentence_transformers import CrossEncoder

        _models[name] = CrossEncoder(name, device="cpu", max_length=512)
    except Exception as error:  # noqa: BLE001  files, network, formats: whatever a model can lack
        _failed[name] = str(error)
        log.error("rerank_model_not_loaded", model=name, error=str(error))
    finally:
        _loading.release()
