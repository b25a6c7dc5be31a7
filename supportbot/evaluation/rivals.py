"""Other readers of documents, each in a process of its own, for comparison."""

from __future__ import annotations

import importlib
import importlib.util
import multiprocessing
import time
from collections.abc import Callable
from multiprocessing.pool import Pool
from pathlib import Path
from types import TracebackType
from typing import Self

_SECONDS = 120  # for one file; after that, and after a crash, it has no text


def read_with_kreuzberg(path: str) -> str:
    import kreuzberg

    config = kreuzberg.ExtractionConfig(output_format="markdown", use_cache=False)
    return kreuzberg.extract_file_sync(path, config=config).content


def read_with_markitdown(path: str) -> str:
    from markitdown import MarkItDown

    return str(MarkItDown().convert(path).text_content)


READERS: dict[str, Callable[[str], str]] = {
    "kreuzberg": read_with_kreuzberg,
    "markitdown": read_with_markitdown,
}


def _import(name: str) -> None:
    importlib.import_module(name)


def is_installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


class Rival:
    """`seconds` is the time spent reading so far, without that of starting."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.seconds = 0.0
        self._pool: Pool | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def read(self, path: Path) -> str | None:
        """None where it fails, whatever the reason."""
        if self._pool is None:
            # Not forked: a copy of this process would share its database connection.
            self._pool = multiprocessing.get_context("spawn").Pool(1)
            self._pool.apply(_import, (self.name,))
        started = time.perf_counter()
        try:
            return self._pool.apply_async(READERS[self.name], (str(path),)).get(_SECONDS)
        except multiprocessing.TimeoutError:
            self._stop()
            return None
        except Exception:  # noqa: BLE001  (it is not ours to tell their errors apart)
            return None
        finally:
            self.seconds += time.perf_counter() - started

    def _stop(self) -> None:
        if self._pool is not None:
            self._pool.terminate()
            self._pool.join()
        self._pool = None
