"""Waiting for the workers, with progress on the terminal."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from knowledge.selectors import Progress, describe_seconds, progress_of

LOOK_SECONDS = 0.5
MOST_LOOK_SECONDS = 5.0
VERSIONS_PER_SECOND = 2000  # looked at; more often would take time from what is waited for
RATE_SECONDS = 30.0  # over which the speed is measured


class Terminal(Protocol):
    """What progress is written to: a text stream, or a command's own `stdout`."""

    def write(self, text: str, /) -> object: ...
    def flush(self) -> object: ...
    def isatty(self) -> bool: ...


class Line:
    """A line of progress: rewritten in place on a terminal, elsewhere a new one at every tenth."""

    def __init__(self, out: Terminal) -> None:
        self._out = out
        self._printed = -1
        self._length = 0

    def show(self, text: str, share: float) -> None:
        """`share` of the whole is done, 0 to 1."""
        if self._out.isatty():
            self._out.write("\r" + text.ljust(self._length))
            self._out.flush()
            self._length = len(text)
        elif int(10 * share) != self._printed:
            self._printed = int(10 * share)
            self._out.write(text + "\n")
            self._out.flush()

    def end(self) -> None:
        if self._out.isatty() and self._length:
            self._out.write("\n")


class Rate:
    """How fast a count grows, measured over the last half minute."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque()
        self._before: tuple[float, float] | None = None  # the last that is older

    def note(self, count: float, now: float | None = None) -> None:
        """The count is `count` now, in seconds of time.monotonic."""
        now = time.monotonic() if now is None else now
        while self._seen and now - self._seen[0][0] > RATE_SECONDS:
            self._before = self._seen.popleft()
        self._seen.append((now, count))

    @property
    def per_second(self) -> float:
        """0 while only one count is known."""
        (start, first), (end, last) = self._before or self._seen[0], self._seen[-1]
        return (last - first) / (end - start) if end > start else 0.0

    def describe(self, left: float, what: str = "passages") -> str:
        """“, 25.1 passages/s, about 3 minutes left”; nothing while there is nothing to say."""
        speed = self.per_second
        if speed <= 0 or left <= 0:
            return ""
        return f", {speed:.1f} {what}/s, {describe_seconds(left / speed)} left"


def wait_for(
    version_ids: Sequence[int],
    out: Terminal,
    *,
    stalled_after: float = 60.0,
    on_stall: Callable[[], None] = lambda: None,
) -> Progress:
    """Return when no version is in progress any more; `on_stall` may raise to give up."""
    last, changed_at = None, time.monotonic()
    line, rate = Line(out), Rate()
    pause = min(MOST_LOOK_SECONDS, max(LOOK_SECONDS, len(version_ids) / VERSIONS_PER_SECOND))
    while True:
        progress = progress_of(version_ids)
        rate.note(progress.passages_done)
        if progress != last:
            last, changed_at = progress, time.monotonic()
            done = (progress.live + progress.failed) / max(1, len(version_ids))
            line.show(_line(progress, len(version_ids), rate), done)
        if progress.finished:
            line.end()
            return progress
        if time.monotonic() - changed_at > stalled_after:
            on_stall()
            changed_at = time.monotonic()
        time.sleep(pause)


def _line(progress: Progress, total: int, rate: Rate) -> str:
    return (
        f"{progress.live + progress.failed}/{total} documents, "
        f"{progress.passages_done}/{progress.passages_total} passages embedded"
        f"{rate.describe(progress.passages_left)}"
    )
