"""What this process remembers between searches: rankings, index states and languages.

Every entry names the revision it was read at, so that its reader can tell when it is out of date.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from django.db import connection

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Cache(Generic[Key, Value]):
    """The last `size` entries that were used. Threads may share it."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._lock = threading.Lock()
        self._entries: OrderedDict[Key, Value] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Key) -> Value | None:
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
            return self._entries.get(key)

    def put(self, key: Key, value: Value) -> None:
        """Store nothing inside a transaction: other connections cannot see yet what it reads."""
        if connection.in_atomic_block:
            return
        with self._lock:
            self._entries[key] = value
            self._entries.move_to_end(key)
            while len(self._entries) > self.size:
                self._entries.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()


class Turns(Generic[Key]):
    """Whoever computes a value lets others who want the same one wait for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at_work: dict[Key, tuple[threading.Lock, int]] = {}

    @contextmanager
    def __call__(self, key: Key) -> Iterator[None]:
        with self._lock:
            mine, waiting = self._at_work.get(key, (threading.Lock(), 0))
            self._at_work[key] = mine, waiting + 1
        try:
            with mine:
                yield
        finally:
            with self._lock:
                mine, waiting = self._at_work.pop(key)
                if waiting > 1:
                    self._at_work[key] = mine, waiting - 1


# The modules that fill them know the types of keys and values.
rankings: Cache[Any, Any] = Cache(256)  # search.py
searches: Turns[Any] = Turns()  # search.py, those under way
index_states: Cache[Any, Any] = Cache(1000)  # scope.py, one for each scope
document_languages: Cache[int, tuple[str, ...]] = Cache(1)  # languages.py, of the last revision


def clear_caches() -> None:
    """Forget everything. Needed when the process changes to another database, where revisions
    start again. A measurement of uncached searches clears `rankings` alone."""
    for cache in (rankings, index_states, document_languages):
        cache.clear()
