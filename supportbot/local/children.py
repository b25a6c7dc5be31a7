"""One child process: how it is described, started, watched for readiness and ended."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from supportbot.local.errors import StackError
from supportbot.local.users import ServerUser

KEPT_LOGS = 5
_PR_SET_PDEATHSIG = 1
_TAIL_BYTES = 8192


def _nothing() -> None:
    """Stand in for a preparation that is not needed."""


def _at_once() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """What to run and how to treat it.

    `prepare` runs before each start, restarts included; `ready` is asked until it is true or
    `ready_seconds` have passed. Children of one `tier` stop together, the highest tier first.
    `last_words` is the signal the kernel sends when the supervisor itself is killed.
    """

    name: str
    argv: Sequence[str]
    log: Path
    env: Mapping[str, str]
    cwd: Path
    tier: int = 0
    user: ServerUser | None = None
    prepare: Callable[[], None] = _nothing
    ready: Callable[[], bool] = _at_once
    ready_seconds: float = 30.0
    stop_signals: Sequence[signal.Signals] = (signal.SIGTERM,)
    stop_seconds: float = 4.0
    last_words: signal.Signals = signal.SIGTERM


@dataclass(slots=True)
class Child:
    """A `ChildSpec` and its process. Start it from a thread that will outlive it (see the end)."""

    spec: ChildSpec
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    stop_signals_sent: int = field(default=0, init=False)

    def start(self, *, piped: bool = False) -> None:
        """Prepare and start; does not wait for readiness.

        Output goes to the log; with `piped`, standard output to `process.stdout` instead.
        """
        self.spec.prepare()
        self.spec.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._spawn(piped=piped)
        except (OSError, subprocess.SubprocessError) as error:
            message = f"{self.spec.name} cannot be started ({error}). Try: make install"
            raise StackError(message) from error

    def _spawn(self, *, piped: bool) -> None:
        spec = self.spec
        user = spec.user if spec.user and spec.user.switch else None
        with spec.log.open("ab") as log:
            self.process = subprocess.Popen(
                list(spec.argv),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if piped else log,
                stderr=log,
                cwd=spec.cwd,
                env=dict(spec.env),
                # A session of its own: Ctrl-C reaches the supervisor alone, and the whole family
                # can be ended through the process group.
                start_new_session=True,
                user=user.uid if user else None,
                group=user.gid if user else None,
                extra_groups=[] if user else None,
                # It makes one system call, prepared before the fork.
                preexec_fn=_die_with_parent(spec.last_words),  # noqa: PLW1509
            )

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self.process is not None and self.process.poll() is None

    def exit_code(self) -> int | None:
        """The exit code; None while it runs, and before it was started."""
        return self.process.poll() if self.process else None

    def wait_ready(self, between: Callable[[], None] = _nothing) -> None:
        """Wait until it is ready, calling `between` between two questions.

        Raises StackError with the end of its log when it dies or takes too long.
        """
        deadline = time.monotonic() + self.spec.ready_seconds
        while not self.spec.ready():
            between()
            if self.exit_code() is not None:
                raise StackError(self.obituary("ended before it was ready"))
            if time.monotonic() > deadline:
                seconds = f"{self.spec.ready_seconds:.0f}"
                raise StackError(self.obituary(f"was not ready after {seconds} seconds"))
            time.sleep(0.05)

    def ask_to_stop(self, elapsed: float) -> None:
        """Send the stop signal that is due after `elapsed` seconds of stopping, each one once."""
        spec = self.spec
        due = int(elapsed / spec.stop_seconds * len(spec.stop_signals)) + 1
        for number in spec.stop_signals[self.stop_signals_sent : due]:
            if self.process is not None:
                self.process.send_signal(number)
            self.stop_signals_sent += 1

    def kill_family(self) -> None:
        """End the child and all that it started, now."""
        if self.process is None:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(2)

    def obituary(self, what: str) -> str:
        """One sentence on what happened, followed by the end of the log."""
        lines = tail(self.spec.log)
        report = f"{self.spec.name} {what}."
        if self.exit_code() is not None:
            report = f"{self.spec.name} {what} ({describe_exit(self.exit_code() or 0)})."
        return "\n".join([report, *(f"  {line}" for line in lines), f"Its log: {self.spec.log}"])


def describe_exit(code: int) -> str:
    """An exit code in words: `exit code 3`, or the name of the signal."""
    if code >= 0:
        return f"exit code {code}"
    with suppress(ValueError):
        return f"killed by {signal.Signals(-code).name}"
    return f"killed by signal {-code}"


def tail(log: Path, lines: int = 10) -> list[str]:
    """The last lines of a log; none when there is no log."""
    with suppress(OSError), log.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
        return file.read().decode(errors="replace").splitlines()[-lines:]
    return []


def rotate(log: Path) -> None:
    """Put the log of the last start aside as `.1`, that one as `.2` and so on; keep a few."""
    for number in range(KEPT_LOGS - 1, 0, -1):
        older = log.with_name(f"{log.name}.{number}")
        newer = log if number == 1 else log.with_name(f"{log.name}.{number - 1}")
        if newer.exists():
            newer.replace(older)


def _die_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """What a child does before its program starts: ask the kernel to end it when its parent dies.

    Linux only, and "parent" is the thread that started the child: prctl(2), PR_SET_PDEATHSIG.
    """
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(number))
        if os.getppid() != parent:
            os.kill(os.getpid(), number)

    return ask
