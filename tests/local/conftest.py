"""Fixtures that run a stack in a process of its own, and see that nothing of it stays."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psutil
import pytest

from supportbot.local.paths import PROJECT_ROOT, StackPaths

START_SECONDS = 30.0


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def processes_of(folder: Path) -> list[psutil.Process]:
    """Every process that works on this data folder."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            words = [process.cwd(), *process.cmdline()]
            words.append(process.environ().get("SUPPORTBOT_DATA_DIR", ""))
            if process.pid != os.getpid() and any(str(folder) in word for word in words):
                found.append(process)
    return found


def is_unused(folder: Path) -> bool:
    """Whether no process works on this data folder."""
    return not processes_of(folder)


def eventually(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether the condition becomes true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


@dataclass
class RunningStack:
    """`tiny_stack` as a process."""

    folder: Path
    port: int
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    @property
    def paths(self) -> StackPaths:
        """The files of this stack."""
        return StackPaths(self.folder)

    def wait_for(self, beginning: str) -> str:
        """The next line that begins so; what was read is kept in `lines`."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if line.startswith(beginning):
                return self.lines[-1]
        raise AssertionError(f"no line {beginning!r} in {self.lines}")

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """Signal it and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(15)

    def child(self, word: str) -> psutil.Process:
        """The child with this word on its command line."""
        children = psutil.Process(self.process.pid).children()
        return next(one for one in children if any(word in part for part in one.cmdline()))


StartStack = Callable[..., RunningStack]


@pytest.fixture
def start_stack(tmp_path: Path) -> Iterator[StartStack]:
    """Start a stack in `folder` (under tmp_path) on a free port, by default until it is READY."""
    running: list[RunningStack] = []

    def start(
        folder: str = "data", *arguments: str, port: int | None = None, ready: bool = True
    ) -> RunningStack:
        chosen = port or free_port()
        place = tmp_path / folder
        command = [sys.executable, "-m", "tests.local.tiny_stack", str(place), str(chosen)]
        environment = {
            name: value
            for name, value in os.environ.items()
            if name not in {"DATABASE_URL", "REDIS_URL"}
        }
        process = subprocess.Popen(
            [*command, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=PROJECT_ROOT,
            env=environment,
        )
        stack = RunningStack(place, chosen, process)
        running.append(stack)
        if ready:
            stack.wait_for("READY")
        return stack

    yield start
    for stack in running:
        if stack.process.poll() is None:
            stack.end()
        stack.process.communicate()
    for stack in running:
        assert eventually(partial(is_unused, stack.folder))
