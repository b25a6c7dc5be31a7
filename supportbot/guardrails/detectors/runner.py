"""Runs detectors side by side, each within its own time. Whatever goes wrong, the text counts as
not passed."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import Counter
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor

import structlog
from django.db import connection

from supportbot.guardrails.detectors.types import Context, Detected, Detector
from supportbot.guardrails.types import Finding

log = structlog.get_logger(__name__)

HANGING = 2  # calls of one detector that may hang before it is no longer called
MOST_FINDINGS = 200

_pool = ThreadPoolExecutor(8, "detector")
_under_way: Counter[str] = Counter()
_lock = threading.Lock()


class NonsenseError(ValueError):
    """A detector returned something that is no list of its findings."""


async def run_detectors(
    detectors: Sequence[Detector], text: str, context: Context, off: Collection[str] = ()
) -> Detected:
    """Those for the context's stage that are not switched off."""
    chosen = [one for one in detectors if context.stage in one.stages and one.name not in off]
    results = await asyncio.gather(*(_guarded(one, text, context) for one in chosen))
    findings: list[Finding] = []
    failed, times = [], []
    for detector, (found, milliseconds) in zip(chosen, results, strict=True):
        times.append((detector.name, round(milliseconds, 1)))
        if found is None:
            failed.append(detector.name)
        else:
            findings += found
    return Detected(tuple(findings), tuple(failed), tuple(times))


async def _guarded(
    detector: Detector, text: str, context: Context
) -> tuple[Sequence[Finding] | None, float]:
    """The findings, None if there are none to rely on, and the milliseconds."""
    began = time.perf_counter()
    found: Sequence[Finding] | None = None
    if _may_be_called(detector):
        called = asyncio.get_running_loop().run_in_executor(_pool, _call, detector, text, context)
        try:
            found = await asyncio.wait_for(asyncio.shield(called), detector.budget_ms / 1000)
        except TimeoutError:
            called.add_done_callback(_ignore)
            log.error("detector_out_of_time", detector=detector.name)
        except Exception as error:  # noqa: BLE001  whatever a detector does, it has not passed
            log.error("detector_failed", detector=detector.name, error=repr(error))
    return found, 1000 * (time.perf_counter() - began)


def _may_be_called(detector: Detector) -> bool:
    """Not while earlier calls hang, so that a broken detector takes no thread from the others."""
    with _lock:
        if _under_way[detector.name] >= HANGING + _pool._max_workers // 2:
            log.error("detector_hangs", detector=detector.name)
            return False
        _under_way[detector.name] += 1
        return True


def _call(detector: Detector, text: str, context: Context) -> Sequence[Finding]:
    readable = text.encode("utf-8", "replace").decode()  # lone surrogates; as long as before
    try:
        return checked(detector, text, detector.detect(readable, context))
    finally:
        with _lock:
            _under_way[detector.name] -= 1
        connection.close()


def checked(detector: Detector, text: str, found: object) -> Sequence[Finding]:
    """What the detector returned, if it makes sense. Raises NonsenseError."""
    if not isinstance(found, list | tuple) or len(found) > MOST_FINDINGS:
        raise NonsenseError(f"no list of at most {MOST_FINDINGS} findings")
    for one in found:
        if not isinstance(one, Finding) or one.check != detector.name:
            raise NonsenseError("not its findings")
        if one.reason not in detector.kinds:
            raise NonsenseError(f"{one.reason!r} is none of its kinds")
        if one.score is not None and not (math.isfinite(one.score) and 0 <= one.score <= 1):
            raise NonsenseError(f"{one.score} is no score")
        if one.span is not None and not 0 <= one.span[0] <= one.span[1] <= len(text):
            raise NonsenseError(f"{one.span} lies outside the text")
    return found


def _ignore(future: asyncio.Future[Sequence[Finding]]) -> None:
    """Take the error of a call that nobody waits for any more."""
    if not future.cancelled():
        future.exception()
