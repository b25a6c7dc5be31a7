"""The whole product as its users start it: `manage.py up` in a process of its own."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg

from supportbot.local.children import tail
from supportbot.local.paths import PROJECT_ROOT, StackPaths
from supportbot.local.postgres import database_url
from supportbot.local.redis import redis_url
from tests import embedded
from tests.servers import put_cluster

ADMIN = "admin"
PASSWORD = "of-this-test-alone-4711"
# Ample on a busy machine: they end a hanging test, they measure nothing.
START_SECONDS = 200.0
WAIT_SECONDS = 120.0

# A word on the command line that only this child of `up` has.
CHILDREN = {
    "web": "supportbot.asgi:application",
    "worker": "worker",
    "beat": "beat",
    "postgres": "bin/postgres",
    "redis": "redis-server",
}
# What the session's own servers, and a developer's shell, must not hand on.
_OWN = ("DATABASE_URL", "REDIS_URL", "SUPPORTBOT_", "OPENAI_")
LIMITS = {
    "SUPPORTBOT_LIMIT_VISITORS": "10000/minute",
    "SUPPORTBOT_LIMIT_UNPROVEN": "10000/minute",
    "SUPPORTBOT_LIMIT_UNPROVEN_SITE": "10000/minute",
    "SUPPORTBOT_LIMIT_MESSAGES": "10000/minute",
}


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody answers at the port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def eventually(condition: Callable[[], Any], what: str, seconds: float = WAIT_SECONDS) -> None:
    """Wait until the condition is true; fail with `what` when that does not happen."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"in {seconds:.0f} seconds it did not happen: {what}"
        time.sleep(0.1)


def _end_with_the_tests() -> Callable[[], None] | None:
    """Ask the kernel for a SIGTERM when the tests are killed: prctl(2), PR_SET_PDEATHSIG."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    return lambda: libc.prctl(1, int(signal.SIGTERM))


@dataclass
class Stack:
    """One data folder and the `up` that runs in it."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    demo: bool = True
    port: int = field(default_factory=free_port)
    program: str = "manage.py"  # what `up` is run with
    lines: list[str] = field(default_factory=list)
    process: subprocess.Popen[str] | None = None
    _token: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def paths(self) -> StackPaths:
        return StackPaths(self.folder)

    @property
    def redis_url(self) -> str:
        return redis_url(self.paths)

    # -- starting and stopping -------------------------------------------------------------------
    def start(self) -> None:
        """Start it and wait for READY. Without the demo, its database is not made anew: what a
        person's first start does is what the demo's does."""
        self.lines = []
        if not self.demo and embedded.CLUSTER.is_dir():
            put_cluster(embedded.CLUSTER, self.folder)
        arguments = ["--port", str(self.port), "--data-dir", str(self.folder)]
        self.process = subprocess.Popen(
            [
                *(sys.executable, self.program, "up", *arguments),
                *(() if self.demo else ("--no-demo",)),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=PROJECT_ROOT,
            env=self._environment(),
            preexec_fn=_end_with_the_tests(),  # noqa: PLW1509  (one system call)
        )
        threading.Thread(target=self._read, args=[self.process], daemon=True).start()
        eventually(self._is_ready, "the stack is READY", START_SECONDS)

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.lines.append(line.rstrip("\n"))

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"it ended:\n{self.log()}"
        return f"READY {self.url}/" in self.lines

    def stop(self) -> None:
        """Ctrl-C; and whatever that should leave is ended too, and told as a failure."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(30)
        finally:
            left = self.family()
            self.kill_everything()
        assert not left, f"left behind: {left}"

    def kill_everything(self) -> None:
        """kill -9 of the supervisor and of all that it started, none of them warned."""
        family = self.family()
        for one in family:
            # Some end with the supervisor, sooner than they are reached.
            with suppress(psutil.NoSuchProcess):
                one.kill()
        psutil.wait_procs(family, timeout=10)
        if self.process is not None:
            self.process.wait(10)

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- processes -------------------------------------------------------------------------------
    def family(self) -> list[psutil.Process]:
        """The supervisor and every process below it."""
        if self.process is None or self.process.poll() is not None:
            return []
        supervisor = psutil.Process(self.process.pid)
        return [supervisor, *supervisor.children(recursive=True)]

    def child(self, name: str) -> psutil.Process | None:
        """The supervisor's own child of that name; None while it is being restarted."""
        assert self.process is not None
        for one in psutil.Process(self.process.pid).children():
            try:
                if any(CHILDREN[name] in word for word in one.cmdline()):
                    return one
            except psutil.Error:
                continue
        return None

    def kill(self, name: str) -> None:
        """kill -9 of one child. Returns when it is dead; the supervisor starts it again."""
        child = self.child(name)
        assert child is not None, f"{name} does not run"
        child.kill()
        said = f"{child.pid} of {name} is gone"
        eventually(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, said)

    def wait_restarted(self, name: str, before: int | None) -> None:
        """Wait for another process of that name than `before`."""
        eventually(
            lambda: (child := self.child(name)) is not None and child.pid != before,
            f"{name} was started again",
        )

    def wait_ready(self) -> None:
        """Wait until /readyz says that everything answers."""
        eventually(self._answers, "/readyz answers 200")

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=10).status_code == 200
        except httpx.HTTPError:
            return False

    # -- what operators do -----------------------------------------------------------------------
    def manage(self, *arguments: str, **environment: str) -> str:
        """A management command beside the running stack; its standard output."""
        result = subprocess.run(
            self._manage(*arguments),
            check=False,
            capture_output=True,
            text=True,
            cwd=PROJECT_ROOT,
            env={**self._environment(), **environment},
            timeout=WAIT_SECONDS,
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    def environment_of_commands(self) -> dict[str, str]:
        """What a command needs to join this stack."""
        return self._environment()

    def staff(self) -> httpx.Client:
        """The REST API as the admin, by token."""
        self._token = self._token or self.manage("token", ADMIN).split()[-1]
        headers = {"Authorization": f"Token {self._token}"}
        return httpx.Client(base_url=f"{self.url}/api/v1/", headers=headers, timeout=60)

    def database(self) -> psycopg.Connection[Any]:
        """A look into the database, past the product."""
        return psycopg.connect(database_url(self.paths), autocommit=True)

    def _manage(self, *arguments: str) -> list[str]:
        return [sys.executable, "manage.py", *arguments]

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_OWN)}
        return {
            **kept,
            **LIMITS,
            "SUPPORTBOT_DATA_DIR": str(self.folder),
            "SUPPORTBOT_MODELS_DIR": os.environ["SUPPORTBOT_MODELS_DIR"],
            "SUPPORTBOT_ADMIN_PASSWORD": PASSWORD,
            "SUPPORTBOT_LOG_LEVEL": "WARNING",
            **self.environment,
        }

    # -- when something failed -------------------------------------------------------------------
    def log(self) -> str:
        """What it said, and the ends of its children's logs."""
        parts = [f"== up in {self.folder}", *self.lines[-20:]]
        for path in sorted(self.paths.logs.glob("*.log")):
            parts += [f"== {path.name}", *tail(path, 25)]
        return "\n".join(parts)
