"""Fixtures that run a stack in a process of its own, and see that nothing of it stays."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psutil
import pytest

from supportbot.local.paths import PROJECT_ROOT, StackPaths
from tests.servers import put_cluster, start_test_servers

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


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What PostgreSQL leaves in its folder after a first start. Making it takes seconds."""
    servers = start_test_servers(tmp_path_factory.mktemp("cluster") / "data")
    servers.supervisor.stop()
    yield servers.paths.postgres
    servers.stop()


@contextmanager
def stacks_in(place: Path, cluster: Path) -> Iterator[StartStack]:
    """Start stacks in folders under `place`; at the end none of their processes may be left."""
    running: list[RunningStack] = []

    def start(
        folder: str = "data",
        *arguments: str,
        port: int | None = None,
        ready: bool = True,
        first: bool = False,
    ) -> RunningStack:
        if not first:
            put_cluster(cluster, place / folder)
        stack = started(place / folder, port or free_port(), *arguments)
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


def started(folder: Path, port: int, *arguments: str) -> RunningStack:
    """A stack that may not be READY yet."""
    own = {"DATABASE_URL", "REDIS_URL"}
    command = [sys.executable, "-m", "tests.local.tiny_stack", str(folder), str(port)]
    process = subprocess.Popen(
        [*command, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=PROJECT_ROOT,
        env={name: value for name, value in os.environ.items() if name not in own},
    )
    return RunningStack(folder, port, process)


@pytest.fixture
def start_stack(tmp_path: Path, cluster: Path) -> Iterator[StartStack]:
    """Start a stack in `folder` (under tmp_path) on a free port, by default until it is READY. Its
    database is there already, unless it is the `first` start."""
    with stacks_in(tmp_path, cluster) as start:
        yield start


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory, cluster: Path) -> Iterator[RunningStack]:
    """A stack that tests share, from its first start on."""
    with stacks_in(tmp_path_factory.mktemp("shared"), cluster) as start:
        yield start(first=True)
