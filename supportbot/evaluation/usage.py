"""What the worker and the database of this machine's stack use while something is measured."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from supportbot.local.paths import StackPaths, data_dir
from supportbot.local.strays import SUPERVISED_VARIABLE

SAMPLE_SECONDS = 5.0  # to look takes tens of milliseconds of a core
_MEBIBYTE = 2**20


@dataclass
class Usage:
    """`peak_mb`: the most memory that a program's processes used together, each shared page counted
    once (proportional set size). `cpu_seconds`: what they computed. By "worker" and "database";
    empty where those run elsewhere."""

    peak_mb: dict[str, float] = field(default_factory=dict)
    cpu_seconds: dict[str, float] = field(default_factory=dict)


@contextmanager
def watched() -> Iterator[Usage]:
    """Watch both programs for the time of the block."""
    usage, ended = Usage(), threading.Event()
    parents = _parents(StackPaths(data_dir()))
    before = {name: _cpu_seconds(parent) for name, parent in parents.items()}

    def sample() -> None:
        while True:
            for name, parent in parents.items():
                used = sum(map(_memory_mb, _family(parent)))
                usage.peak_mb[name] = max(used, usage.peak_mb.get(name, 0.0))
            if ended.wait(SAMPLE_SECONDS):
                return

    thread = threading.Thread(target=sample, daemon=True, name="usage")
    thread.start()
    try:
        yield usage
    finally:
        ended.set()
        thread.join()
        for name, parent in parents.items():
            usage.cpu_seconds[name] = _cpu_seconds(parent) - before[name]


def _parents(paths: StackPaths) -> dict[str, psutil.Process]:
    """The worker's and the database's first process, where they are of this data folder."""
    found: dict[str, psutil.Process] = {}
    for process in psutil.process_iter():
        # Processes end while they are looked at, and those of other users may not be looked at.
        with suppress(psutil.Error, OSError):
            if name := _program_of(process, paths):
                is_child = found.get(name) in process.parents()
                found[name] = found[name] if is_child else process
    return found


def _program_of(process: psutil.Process, paths: StackPaths) -> str:
    if process.name() == "postgres":
        return "database" if Path(process.cwd()) == paths.postgres else ""
    is_worker = {"celery", "worker"} <= set(process.cmdline())
    mine = is_worker and process.environ().get(SUPERVISED_VARIABLE) == str(paths.root)
    return "worker" if mine else ""


def _family(parent: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.Error):
        return [parent, *parent.children(recursive=True)]
    return []


def _memory_mb(process: psutil.Process) -> float:
    with suppress(psutil.Error):
        return float(process.memory_full_info().pss) / _MEBIBYTE
    return 0.0


def _cpu_seconds(parent: psutil.Process) -> float:
    """Of the family, with those of its processes that have ended."""
    seconds = 0.0
    for process in _family(parent):
        with suppress(psutil.Error):
            times = process.cpu_times()
            seconds += times.user + times.system + times.children_user + times.children_system
    return seconds
