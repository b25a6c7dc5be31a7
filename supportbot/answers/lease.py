"""The lease of a run: only the process that holds it may work on the run and change it."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.utils import timezone

from supportbot.answers.errors import LeaseLostError
from supportbot.answers.models import AnswerRun
from supportbot.answers.threads import in_lease_thread, in_thread

log = structlog.get_logger(__name__)


class Lease:
    """Held by the process that knows the row's `lease_token`, until the run ends."""

    def __init__(self, row: AnswerRun) -> None:
        if row.lease_token is None:
            raise ValueError("the run has no lease")
        self.row = row
        self.token: UUID = row.lease_token

    def update(self, **changes: Any) -> None:
        """Change the run's row and prolong the lease; inside a transaction this locks the row.
        Raises LeaseLostError if another process has taken over or the run has ended."""
        changes["lease_until"] = lease_end()
        held = AnswerRun.objects.filter(
            pk=self.row.pk, lease_token=self.token, status=AnswerRun.Status.RUNNING
        )
        if not held.update(**changes):
            raise LeaseLostError
        for name, value in changes.items():
            setattr(self.row, name, value)

    async def save(self, **changes: Any) -> None:
        """`update`, from a coroutine."""
        await in_thread(self.update)(**changes)

    def release(self) -> None:
        """Give up the lease, so that another process can take the run."""
        AnswerRun.objects.filter(
            pk=self.row.pk, lease_token=self.token, status=AnswerRun.Status.RUNNING
        ).update(lease_until=timezone.now())

    @asynccontextmanager
    async def kept_alive(self) -> AsyncIterator[None]:
        """Prolong the lease while the block runs; cancel the block if the lease is lost."""
        block = asyncio.current_task()
        keeper = asyncio.create_task(self._prolong(block))
        try:
            yield
        finally:
            keeper.cancel()

    async def _prolong(self, block: asyncio.Task[Any] | None) -> None:
        while True:
            await asyncio.sleep(settings.RUN_LEASE_SECONDS / 3)
            try:
                await in_lease_thread(self.update)()
            except LeaseLostError:
                log.warning("lease_lost", run=str(self.row.pk))
                if block is not None:
                    block.cancel()
                return
            except Exception:
                log.exception("lease_not_prolonged", run=str(self.row.pk))


def lease_end() -> dt.datetime:
    return timezone.now() + dt.timedelta(seconds=settings.RUN_LEASE_SECONDS)
