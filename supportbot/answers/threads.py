"""Thread pools for blocking work of coroutines: one for each kind of work.

A search may wait many seconds for an embedding server or a reranker. With separate pools, it delays
neither short queries nor leases, and holds at most a third of the database connections.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from channels.db import database_sync_to_async
from django.conf import settings

T = TypeVar("T")

_POOL: int = settings.DATABASES["default"]["OPTIONS"]["pool"]["max_size"]
_THREADS = max(1, min((os.cpu_count() or 1) + 4, _POOL // 3))
_queries = ThreadPoolExecutor(_THREADS, "query")
_searches = ThreadPoolExecutor(_THREADS, "search")
_leases = ThreadPoolExecutor(1, "lease")


def in_thread(function: Callable[..., T]) -> Callable[..., Awaitable[T]]:
    """Wraps a function that makes short queries, for use in a coroutine."""
    return _in(_queries, function)


def in_search_thread(function: Callable[..., T]) -> Callable[..., Awaitable[T]]:
    """The same for a function that may wait for a model or another server."""
    return _in(_searches, function)


def in_lease_thread(function: Callable[..., T]) -> Callable[..., Awaitable[T]]:
    """The same for a function that prolongs a lease, which nothing may delay."""
    return _in(_leases, function)


def _in(pool: ThreadPoolExecutor, function: Callable[..., T]) -> Callable[..., Awaitable[T]]:
    # Closes the connection after each call, which returns it to the connection pool.
    made: Any = database_sync_to_async(function, thread_sensitive=False, executor=pool)
    wrapped: Callable[..., Awaitable[T]] = made
    return wrapped
