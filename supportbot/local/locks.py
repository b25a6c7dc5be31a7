"""Who runs the servers of a data folder, and who has joined them: two file locks and a record.

flock(2) is used as it is: the kernel drops the lock with its process, also after kill -9.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from supportbot.local.paths import StackPaths


@dataclass(frozen=True, slots=True)
class ServersRecord:
    """What the process that runs the servers tells those who join them."""

    pid: int
    command: str
    worker: bool
    database_url: str
    redis_url: str


class FileLock:
    """An advisory lock on a file, held until `release` or the end of the process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    def acquire(self, *, shared: bool = False, wait: bool = False) -> bool:
        """Whether the lock is held now."""
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        file = self._file or self._path.open("ab")
        try:
            fcntl.flock(file, kind if wait else kind | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            self._file = None
            return False
        self._file = file
        if not shared:
            file.truncate(0)
            file.write(str(os.getpid()).encode())
            file.flush()
        return True

    def holder(self) -> int | None:
        """The process that holds, or last held, the lock for itself alone."""
        with suppress(OSError, ValueError):
            return int(self._path.read_text())
        return None

    def release(self) -> None:
        """Give it up; no harm when it is not held."""
        if self._file is not None:
            self._file.close()
            self._file = None


@contextmanager
def held(lock: FileLock) -> Iterator[None]:
    """Release a lock that has been acquired, whatever happens inside."""
    try:
        yield
    finally:
        lock.release()


def write_record(paths: StackPaths, record: ServersRecord) -> None:
    """Tell that the servers are ready; only the holder of the folder's lock may."""
    unfinished = paths.record.with_name(f"{paths.record.name}.{os.getpid()}")
    unfinished.write_text(json.dumps(asdict(record)), encoding="utf-8")
    unfinished.replace(paths.record)


def clear_record(paths: StackPaths) -> None:
    """Tell that the servers are not, or no longer, ready."""
    paths.record.unlink(missing_ok=True)


def read_record(paths: StackPaths) -> ServersRecord | None:
    """The record of the process that runs the servers; None when it is not ready, or gone."""
    with suppress(OSError, ValueError, TypeError):
        record = ServersRecord(**json.loads(paths.record.read_text(encoding="utf-8")))
        return record if _is_alive(record.pid) else None
    return None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
