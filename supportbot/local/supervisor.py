"""Keeps a list of children running: starts them in order, restarts what dies, ends them all."""

import math
import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from supportbot.local.children import Child, ChildSpec, describe_exit, rotate
from supportbot.local.errors import StackError

MAX_RESTARTS = 5
RESTART_WINDOW_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 8.0
_POLL_SECONDS = 0.2


@dataclass(slots=True)
class _Watched:
    child: Child
    deaths: deque[float] = field(default_factory=lambda: deque(maxlen=MAX_RESTARTS + 1))
    restart_at: float | None = None

    def died_too_often(self, now: float) -> bool:
        full = len(self.deaths) == self.deaths.maxlen
        return full and now - self.deaths[0] < RESTART_WINDOW_SECONDS


@dataclass(slots=True)
class Job:
    """A child that does one thing and ends. `report` is its last line, if that is JSON."""

    child: Child
    report: str = ""
    _unfinished: bytes = b""

    def new_lines(self) -> list[str]:
        """The lines it has written since the last call, a report left out; does not wait."""
        pipe = self.child.process.stdout if self.child.process else None
        if pipe is None:
            return []
        os.set_blocking(pipe.fileno(), False)
        *lines, self._unfinished = (self._unfinished + (pipe.read() or b"")).split(b"\n")
        texts = [line.decode(errors="replace").rstrip() for line in lines]
        reports = [text for text in texts if text.startswith("{")]
        self.report = reports[-1] if reports else self.report
        return [text for text in texts if text and text not in reports]

    def close(self) -> None:
        """Read no more."""
        if self.child.process and self.child.process.stdout:
            self.child.process.stdout.close()


class StopRequestedError(Exception):
    """A stop was requested while something was being started."""


class Supervisor:
    """A group of children. Call everything from one thread: the children end with that thread.

    `say` receives one line for each thing a person should know.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._watched: list[_Watched] = []
        self._jobs: list[Job] = []
        self._stopping = False

    def start(self, *specs: ChildSpec) -> None:
        """Start the children at once and wait until each is ready.

        Raises StackError, or StopRequestedError when a stop is requested meanwhile.
        """
        watched = [_Watched(Child(spec)) for spec in specs]
        for one in watched:
            rotate(one.child.spec.log)
            self._watched.append(one)
            one.child.start()
        for one in watched:
            one.child.wait_ready(self.raise_if_stopping)

    def run(self, spec: ChildSpec, seconds: float = math.inf) -> Job:
        """Run a job that ends by itself, say its output, and wait for it for up to `seconds`.

        What has not ended then goes on under `watch`. Raises StopRequestedError.
        """
        rotate(spec.log)
        job = Job(Child(spec))
        self._jobs.append(job)
        job.child.start(piped=True)
        deadline = time.monotonic() + seconds
        while job.child.exit_code() is None and time.monotonic() < deadline:
            self.raise_if_stopping()
            self.check()
            time.sleep(0.05)
        self._relay(job)
        return job

    def request_stop(self) -> None:
        """Make `start` and `run` raise, and `watch` return, soon; safe in a signal handler."""
        self._stopping = True

    def raise_if_stopping(self) -> None:
        """Raise StopRequestedError once a stop was requested."""
        if self._stopping:
            raise StopRequestedError

    def watch(self, until: Callable[[], bool] = lambda: False) -> None:
        """Restart what dies, until a stop is requested or `until` is true.

        Raises StackError when a child cannot be kept running.
        """
        while not self._stopping and not until():
            self.check()
            time.sleep(_POLL_SECONDS)

    def check(self) -> None:
        """Look at every child once. Raises StackError when one cannot be kept running."""
        for job in self._jobs:
            self._relay(job)
        now = time.monotonic()
        for watched in self._watched:
            if watched.restart_at is None:
                self._note_death(watched, now)
            elif now >= watched.restart_at:
                watched.restart_at = None
                watched.child.start()

    def _relay(self, job: Job) -> None:
        for line in job.new_lines():
            self._say(line)

    def _note_death(self, watched: _Watched, now: float) -> None:
        code = watched.child.exit_code()
        if code is None:
            return
        child = watched.child
        child.kill_family()
        watched.deaths.append(now)
        if watched.died_too_often(now):
            raise StackError(child.obituary(f"ended {len(watched.deaths)} times within a minute"))
        recent = sum(1 for death in watched.deaths if now - death < RESTART_WINDOW_SECONDS)
        pause = 0.0 if recent == 1 else min(0.5 * 2 ** (recent - 2), LONGEST_PAUSE_SECONDS)
        watched.restart_at = now + pause
        self._say(f"{child.spec.name} ended ({describe_exit(code)}). Starting it again.")

    def stop(self) -> None:
        """End every child and all that it started, jobs first, then the highest tier."""
        self._stopping = True
        for job in self._jobs:
            job.child.kill_family()
            job.close()
        children = sorted((one.child for one in self._watched), key=lambda one: -one.spec.tier)
        for _, tier in groupby(children, key=lambda one: one.spec.tier):
            _end(list(tier))
        self._watched.clear()
        self._jobs.clear()


def _end(children: Sequence[Child]) -> None:
    """Give each child its stop signals, evenly over its stop time, then kill what is left."""
    began = time.monotonic()
    waiting = list(children)
    while waiting:
        elapsed = time.monotonic() - began
        for child in list(waiting):
            if child.running and elapsed < child.spec.stop_seconds:
                child.ask_to_stop(elapsed)
            else:
                child.kill_family()
                waiting.remove(child)
        time.sleep(0.02)
