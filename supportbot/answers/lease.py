"""The lease of a run: only the process that holds it may work on the run and change it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from knowledge import leases
from knowledge.leases import LeaseLostError
from supportbot.answers.models import AnswerRun
from supportbot.answers.threads import in_lease_thread, in_thread
from supportbot.retrieval.scope import execute

log = structlog.get_logger(__name__)
_LOCK = """
SELECT id FROM answers_answerrun
WHERE id = %(run)s AND lease_token = %(token)s AND status = 'running' FOR UPDATE
"""


class Lease(leases.Lease):
    """Held by the process that knows the row's `lease_token`, until the run ends."""

    def __init__(self, row: AnswerRun) -> None:
        if row.lease_token is None:
            raise ValueError("the run has no lease")
        super().__init__(row)

    @staticmethod
    def seconds() -> float:
        return settings.RUN_LEASE_SECONDS

    def held(self) -> QuerySet[AnswerRun]:
        return super().held().filter(status=AnswerRun.Status.RUNNING)

    def lock(self) -> None:
        """Lock the run in a transaction. Raises LeaseLostError."""
        if not execute(_LOCK, {"run": self.rows[0].pk, "token": self.token}):
            raise LeaseLostError

    async def save(self, **changes: Any) -> None:
        """`update`, from a coroutine."""
        await in_thread(self.update)(**changes)

    def has_ended(self) -> bool:
        """Whether the run ended while this process held it."""
        ended = [AnswerRun.Status.COMPLETED, AnswerRun.Status.FAILED]
        return super().held().filter(status__in=ended).exists()

    def release(self) -> None:
        """Give up the lease, so that another process can take the run."""
        self.held().update(lease_until=timezone.now())

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
            await asyncio.sleep(self.seconds() / 3)
            try:
                await in_lease_thread(self.update)()
            except LeaseLostError:
                if await in_lease_thread(self.has_ended)():
                    return  # what comes after the answer may still be going on
                log.warning("lease_lost", run=str(self.rows[0].pk))
                if block is not None:
                    block.cancel()
                return
            except Exception:
                log.exception("lease_not_prolonged", run=str(self.rows[0].pk))
