"""Reading in a process of its own, so that no file takes the worker down with it.

One reader process belongs to each worker process. It is started when the first file comes, has a
limit on its memory, is killed when a file takes too long, and is replaced when it died or has read
many files.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil
import structlog

from knowledge.reading.child import HEADER
from knowledge.reading.kinds import damaged, extension_of
from knowledge.reading.progress import Listener, ignore
from knowledge.reading.result import Limits, ReadText, UnreadableFileError

log = structlog.get_logger(__name__)

_MOST_FILES = 200
_WATCH_SECONDS = 0.25
_STOP_SECONDS = 5
# Nothing else of the worker's environment: it holds passwords.
_KEPT_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TESSDATA_PREFIX")
_FEW_THREADS = {
    **{"MALLOC_ARENA_MAX": "2", "OMP_THREAD_LIMIT": "2", "RAYON_NUM_THREADS": "2"},
    "TOKIO_WORKER_THREADS": "2",
}


class _DiedError(Exception):
    """The process ended amid a file."""


class _OverrunError(Exception):
    """The file took more time or memory than it may."""


class ReaderProcess:
    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.owner = os.getpid()
        self.files = 0
        python_path = os.pathsep.join(path or os.getcwd() for path in sys.path)
        kept = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "knowledge.reading.child", json.dumps(asdict(limits))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**kept, **_FEW_THREADS, "PYTHONPATH": python_path},
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_usable(self, limits: Limits) -> bool:
        fresh = self.files < _MOST_FILES and self._memory_mb() < limits.memory_mb / 2
        return self._process.poll() is None and self.limits == limits and fresh

    def read(self, path: Path, file_name: str, on_page: Listener) -> dict[str, Any]:
        """The answer of the process; `on_page` is told before it how many pages of a scan are done.
        Raises _DiedError, _OverrunError, and what `on_page` raises."""
        self.files += 1
        body = json.dumps({"path": str(path.resolve()), "name": file_name}).encode()
        deadline = time.monotonic() + self.limits.seconds
        assert self._process.stdin is not None  # noqa: S101
        try:
            self._process.stdin.write(HEADER.pack(len(body)) + body)
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise _DiedError from error
        while "pages" in (answer := self._next_message(deadline)):
            on_page(*answer["pages"])
        return answer

    def _next_message(self, deadline: float) -> dict[str, Any]:
        length = HEADER.unpack(self._receive(HEADER.size, deadline))[0]
        message: dict[str, Any] = json.loads(self._receive(length, deadline))
        return message

    def _receive(self, length: int, deadline: float) -> bytes:
        assert self._process.stdout is not None  # noqa: S101
        stream = self._process.stdout.fileno()
        received = bytearray()
        while len(received) < length:
            ready, _, _ = select.select([stream], [], [], _WATCH_SECONDS)
            if ready:
                part = os.read(stream, length - len(received))
                if not part:
                    raise _DiedError
                received += part
            elif time.monotonic() > deadline:
                raise _OverrunError("time")
            elif self._memory_mb() > self.limits.memory_mb:
                raise _OverrunError("memory")
        return bytes(received)

    def _memory_mb(self) -> float:
        try:
            return float(psutil.Process(self.pid).memory_info().rss) / 1024 / 1024
        except psutil.Error:
            return 0.0

    def stop(self) -> None:
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOP_SECONDS)


_lock = threading.Lock()
_reader: ReaderProcess | None = None


def read_in_process(
    path: Path, file_name: str, limits: Limits, on_page: Listener = ignore
) -> ReadText:
    """Raises UnreadableFileError; OSError when no process can be started; what `on_page` raises,
    which ends the reading."""
    with _lock:
        answer = _ask(path, file_name, limits, on_page)
    if "read" in answer:
        return ReadText.from_json(answer["read"])
    if "refused" in answer:
        raise UnreadableFileError(**answer["refused"])
    if "failed" in answer:
        log.error("reading_failed", extension=extension_of(file_name), trace=answer["failed"])
        raise damaged(extension_of(file_name))
    raise _too_much_memory(limits)


def _ask(path: Path, file_name: str, limits: Limits, on_page: Listener) -> dict[str, Any]:
    """A process that has read other files may have died of them: then a fresh one tries again."""
    reader = _running(limits)
    fresh = reader.files == 0
    try:
        return reader.read(path, file_name, on_page)
    except _OverrunError as error:
        stop_reader()
        raise (
            _too_much_time(limits) if str(error) == "time" else _too_much_memory(limits)
        ) from error
    except _DiedError as error:
        stop_reader()
        if not fresh:
            return _ask(path, file_name, limits, on_page)
        log.warning("reader_died", extension=extension_of(file_name))
        raise UnreadableFileError(
            "The file made the reader stop: it is damaged, or needs more than "
            f"{limits.memory_mb:,} MB of memory. Save it again in the program it comes from, or "
            "split it, and upload that.",
            "reader_died",
        ) from error
    except BaseException:
        stop_reader()  # amid a file: the rest of its answer is nobody's
        raise


def _running(limits: Limits) -> ReaderProcess:
    global _reader  # noqa: PLW0603  (one for each process, also after a fork)
    if _reader is not None and _reader.owner != os.getpid():
        _reader = None  # it is the parent's
    if _reader is not None and not _reader.is_usable(limits):
        stop_reader()
    if _reader is None:
        _reader = ReaderProcess(limits)
    return _reader


def stop_reader() -> None:
    global _reader  # noqa: PLW0603
    if _reader is not None and _reader.owner == os.getpid():
        _reader.stop()
    _reader = None


atexit.register(stop_reader)


def _too_much_time(limits: Limits) -> UnreadableFileError:
    return UnreadableFileError(
        f"Reading the file took longer than {limits.seconds:,} seconds. Split it and upload the "
        "parts.",
        "too_slow",
    )


def _too_much_memory(limits: Limits) -> UnreadableFileError:
    return UnreadableFileError(
        f"Reading the file needs more than {limits.memory_mb:,} MB of memory. Split it, or remove "
        "its pictures, and upload that.",
        "too_much_memory",
    )
