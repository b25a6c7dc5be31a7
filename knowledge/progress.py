"""Waiting for versions to be processed, with progress on the terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from knowledge.selectors import Progress, progress_of

LOOK_SECONDS = 0.5


class Terminal(Protocol):
    """What progress is written to: a text stream, or a command's own `stdout`."""

    def write(self, text: str, /) -> object: ...
    def flush(self) -> object: ...
    def isatty(self) -> bool: ...


def wait_for(
    version_ids: Sequence[int],
    out: Terminal,
    *,
    stalled_after: float = 60.0,
    on_stall: Callable[[], None] = lambda: None,
) -> Progress:
    """Return when no version is in progress any more; `on_stall` may raise to give up.

    On a terminal the line is rewritten in place, elsewhere a new one comes at every tenth.
    """
    last, changed_at, printed = None, time.monotonic(), -1
    while True:
        progress = progress_of(version_ids)
        if progress != last:
            last, changed_at = progress, time.monotonic()
            tenth = 10 * (progress.live + progress.failed) // max(1, len(version_ids))
            if out.isatty():
                out.write("\r" + _line(progress, len(version_ids)))
                out.flush()
            elif tenth != printed:
                printed = tenth
                out.write(_line(progress, len(version_ids)) + "\n")
                out.flush()
        if progress.finished:
            if out.isatty():
                out.write("\n")
            return progress
        if time.monotonic() - changed_at > stalled_after:
            on_stall()
            changed_at = time.monotonic()
        time.sleep(LOOK_SECONDS)


def _line(progress: Progress, total: int) -> str:
    return (
        f"{progress.live + progress.failed}/{total} documents, "
        f"{progress.passages_done}/{progress.passages_total} passages embedded"
    )
