"""Leases: a row of a queue belongs to one process, for as long as that puts off the lease's end.

A lease is two columns of the row, `lease_token` and `lease_until`. Whoever knows the token holds it
and changes the row only by compare-and-set, so a process that was taken for dead changes nothing.
"""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import QuerySet
from django.utils import timezone

log = structlog.get_logger(__name__)


class LeaseLostError(Exception):
    """Another process has taken the work over, or somebody has cancelled it; this one must stop
    without a trace."""


class Lease:
    """One lease on a row, or on several of one model that were claimed together."""

    def __init__(self, *rows: Any) -> None:
        self.rows = rows
        self.token: uuid.UUID | None = rows[0].lease_token

    @classmethod
    def begin(cls, *rows: Any) -> Self:
        """Set a new lease on the rows. To store it is the caller's part: under a lock of the rows,
        or where they are still free."""
        token, until = uuid.uuid4(), cls.end()
        for row in rows:
            row.lease_token, row.lease_until = token, until
        return cls(*rows)

    @staticmethod
    def seconds() -> float:
        """How long it lasts unless it is prolonged."""
        return settings.PROCESSING_LEASE_SECONDS

    @classmethod
    def end(cls) -> dt.datetime:
        """When one ends that begins or is prolonged now."""
        return timezone.now() + dt.timedelta(seconds=cls.seconds())

    def held(self) -> QuerySet[Any]:
        """The rows that it still holds."""
        manager = type(self.rows[0])._default_manager
        rows: QuerySet[Any] = manager.filter(
            pk__in=[row.pk for row in self.rows], lease_token=self.token
        )
        return rows

    def update(self, **changes: Any) -> None:
        """Change the rows and prolong the lease with it; locks them in a transaction. Raises
        LeaseLostError when it is lost."""
        changes["lease_until"] = self.end()
        if not self.held().update(**changes):
            raise LeaseLostError
        for row in self.rows:
            for name, value in changes.items():
                setattr(row, name, value)

    def give_back(self, *, seconds: float | None = None, **changes: Any) -> bool:
        """End the lease; the rows may be claimed again after so many seconds, or at once. Whether
        it was still held: what is lost is left alone."""
        until = None if seconds is None else timezone.now() + dt.timedelta(seconds=seconds)
        return bool(self.held().update(lease_token=None, lease_until=until, **changes))


@contextmanager
def kept_alive(lease: Lease) -> Iterator[None]:
    """Prolong a lease from a thread of its own while a step runs, however long it takes.

    A large file takes minutes to read and split, without a moment to say so in between.
    """
    ended = threading.Event()
    name = f"lease of {lease.rows[0]._meta.verbose_name} {lease.rows[0].pk}"

    def prolong() -> None:
        while not ended.wait(lease.seconds() / 3):
            try:
                lease.held().update(lease_until=lease.end())
            except DatabaseError:
                log.warning("lease_not_prolonged", lease=name)
            finally:
                connection.close()

    keeper = threading.Thread(target=prolong, daemon=True, name=name)
    keeper.start()
    try:
        yield
    finally:
        ended.set()
        keeper.join()
