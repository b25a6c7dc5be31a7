"""Runs detectors, each within its own time; one that is slow holds up no other. Whatever goes
wrong, the text counts as not passed."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import defaultdict, deque
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor

import structlog
from django.db import connection

from supportbot.guardrails.detectors.types import Context, Detected, Detector
from supportbot.guardrails.types import Finding

log = structlog.get_logger(__name__)

AGAIN_SECONDS = 10.0  # while a call hangs, how long until the detector is called once more
SLOW_SECONDS, MOST_SLOW = 0.5, 6  # calls of one detector that may take longer at once
MOST_FINDINGS = 200
PATIENCE = 0.05  # seconds that one detector may keep the others of its text waiting

_pool = ThreadPoolExecutor(16, "detector")
# By detector: its calls, and when each began.
_under_way: defaultdict[str, dict[object, float]] = defaultdict(dict)
_lock = threading.Lock()


class NonsenseError(ValueError):
    """A detector returned something that is no list of its findings."""


async def run_detectors(
    detectors: Sequence[Detector], text: str, context: Context, off: Collection[str] = ()
) -> Detected:
    """Those for the context's stage that are not switched off."""
    chosen = [one for one in detectors if context.stage in one.stages and one.name not in off]
    if not chosen:
        return Detected()
    reading = _Reading(chosen, text, context)
    await reading.finished()
    findings = [one for name in reading.names for one in reading.found.get(name) or ()]
    failed = tuple(name for name in reading.names if reading.found.get(name) is None)
    times = reading.times()
    return Detected(tuple(findings), failed, times, reading.together_ms, reading.cpu_ms)


class _Reading:
    """Detectors that read one text, one after the other in a thread: most take a millisecond. Where
    one keeps the others waiting, another thread goes on with them."""

    def __init__(self, chosen: Sequence[Detector], text: str, context: Context) -> None:
        self._chosen, self._text, self._context = chosen, text, context
        self._left = deque(chosen)
        self._submitted = time.perf_counter()
        self._began: dict[str, float] = {}
        self._took: dict[str, float] = {}
        self._cpu: dict[str, float] = {}
        self.names = [one.name for one in chosen]
        self.found: dict[str, Sequence[Finding] | None] = {}  # None: nothing to rely on
        self.together_ms = 0.0

    async def finished(self) -> None:
        """Each detector has read the text, or has had its time."""
        loop = asyncio.get_running_loop()
        threads = {loop.run_in_executor(_pool, self._read)}
        while (soonest := self._next_end()) is not None:
            patience = min(PATIENCE, soonest) if self._left else soonest
            done, threads = await asyncio.wait(threads, timeout=patience)
            if self._left and not done:
                threads.add(loop.run_in_executor(_pool, self._read))
        for thread in threads:  # it hangs; nobody waits for it any more
            thread.add_done_callback(_ignore)
        self.found = {name: self.found.get(name) for name in self.names}
        self.together_ms = round(1000 * (time.perf_counter() - self._submitted), 1)

    @property
    def cpu_ms(self) -> float:
        return round(sum(self._cpu.values()), 1)

    def times(self) -> tuple[tuple[str, float], ...]:
        return tuple((name, round(self._took.get(name, 0.0), 1)) for name in self.names)

    def _next_end(self) -> float | None:
        """Seconds until the next detector's time is over; None if nothing is waited for."""
        now, ends = time.perf_counter(), list[float]()
        for one in self._chosen:
            if one.name not in self.found:
                ends.append(self._began.get(one.name, self._submitted) + one.budget_ms / 1000 - now)
                if ends[-1] <= 0:
                    log.error("detector_out_of_time", detector=one.name)
                    self._end(one, None)
                    ends.pop()
        return min(ends, default=None)

    def _end(self, one: Detector, found: Sequence[Finding] | None) -> None:
        """The first result counts: what comes after its time changes nothing."""
        if one.name not in self.found:
            began = self._began.get(one.name, self._submitted)
            self._took[one.name] = 1000 * (time.perf_counter() - began)
            self.found[one.name] = found

    def _read(self) -> None:
        """In a thread: the next detector, until none is left."""
        try:
            while True:
                one = self._left.popleft()
                self._began[one.name] = time.perf_counter()
                cpu = time.thread_time()
                found = _found(one, self._text, self._context)
                self._cpu[one.name] = 1000 * (time.thread_time() - cpu)
                self._end(one, found)
        except IndexError:
            return
        finally:
            connection.close()


def _found(detector: Detector, text: str, context: Context) -> Sequence[Finding] | None:
    """The findings; None if there are none to rely on."""
    call = object()
    if not _may_begin(detector, call):
        return None
    readable = text.encode("utf-8", "replace").decode()  # lone surrogates; as long as before
    try:
        return checked(detector, text, detector.detect(readable, context))
    except Exception as error:  # noqa: BLE001  whatever a detector does, it has not passed
        log.error("detector_failed", detector=detector.name, error=repr(error))
        return None
    finally:
        with _lock:
            _under_way[detector.name].pop(call, None)


def _may_begin(detector: Detector, call: object) -> bool:
    """Not while earlier calls hang: each costs its text the detector's budget and takes a thread
    from the others, so one is tried now and then."""
    now = time.monotonic()
    with _lock:
        calls = _under_way[detector.name]
        ages = [now - began for began in calls.values()]
        hangs = max(ages, default=0.0) > detector.budget_ms / 1000
        slow = sum(age > SLOW_SECONDS for age in ages)
        if (hangs and min(ages) < AGAIN_SECONDS) or slow >= MOST_SLOW:
            log.error("detector_hangs", detector=detector.name)
            return False
        calls[call] = now
        return True


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


def _ignore(future: asyncio.Future[None]) -> None:
    """Take the error of a call that nobody waits for any more."""
    if not future.cancelled():
        future.exception()
