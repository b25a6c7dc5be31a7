"""Processes that a killed supervisor left behind, and how they are ended before the next start.

Whoever calls these functions holds the data folder's lock, so nobody else's processes are meant.
"""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

SUPERVISED_VARIABLE = "SUPPORTBOT_SUPERVISED"


def end_stray_servers(program: str, folder: Path, seconds: float = 10.0) -> None:
    """Wait for processes called `program` that still work in `folder` to end, then end them."""
    strays = _find(lambda one: one.name() == program and Path(one.cwd()) == folder)
    _, strays = psutil.wait_procs(strays, timeout=seconds)
    for number in (signal.SIGQUIT, signal.SIGKILL):
        for stray in strays:
            with suppress(psutil.NoSuchProcess):
                stray.send_signal(number)
        _, strays = psutil.wait_procs(strays, timeout=3)


def end_stray_programs(root: Path) -> None:
    """Kill web, worker and beat processes of this data folder; their servers are gone anyway."""
    strays = _find(lambda one: one.environ().get(SUPERVISED_VARIABLE) == str(root))
    for stray in strays:
        with suppress(psutil.NoSuchProcess):
            stray.kill()
    psutil.wait_procs(strays, timeout=3)


def _find(wanted: Callable[[psutil.Process], bool]) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        # Processes end while they are looked at, and those of other users may not be looked at.
        with suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and wanted(process):
                found.append(process)
    return found
