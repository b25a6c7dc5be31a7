"""Threads that coroutines hand blocking work to: one pool for each kind of work.

A search may wait for an embedding server, or a reranker, for many seconds. With pools of their own
that holds up neither the short queries of sockets and answers nor the leases, and at most a third
of the connections to the database.
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
    """A function of short queries, callable from a coroutine without blocking others."""
    return _in(_queries, function)


def in_search_thread(function: Callable[..., T]) -> Callable[..., Awaitable[T]]:
    """The same for one that may wait for a model or another server."""
    return _in(_searches, function)


def in_lease_thread(function: Callable[..., T]) -> Callable[..., Awaitable[T]]:
    """The same for one that prolongs a lease, which nothing else may delay."""
    return _in(_leases, function)


def _in(pool: ThreadPoolExecutor, function: Callable[..., T]) -> Callable[..., Awaitable[T]]:
    # Closes the connection behind each call, which gives it back to the database's own pool.
    made: Any = database_sync_to_async(function, thread_sensitive=False, executor=pool)
    wrapped: Callable[..., Awaitable[T]] = made
    return wrapped
