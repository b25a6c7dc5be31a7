"""A run at work: its lease, its events, its timings. Stages know nothing of these.

`run.stage` and `run.stream` own start and end, timing, timeouts and error wrapping for every stage;
`run.emit` stores an event and sends it, provided this process still holds the lease.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any, TypeVar
from uuid import UUID

import structlog
from channels.db import database_sync_to_async
from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from supportbot.answers.errors import (
    AnswerError,
    CheckError,
    DeliverError,
    EnrichError,
    GenerateError,
    LeaseLostError,
    ReceiveError,
    ValidateError,
)
from supportbot.answers.models import AnswerRun
from supportbot.answers.types import Stage
from tickets.models import Conversation
from tickets.services.events import append_event

log = structlog.get_logger(__name__)
T = TypeVar("T")

STAGE_ERRORS: dict[Stage, type[AnswerError]] = {
    Stage.RECEIVE: ReceiveError,
    Stage.VALIDATE: ValidateError,
    Stage.ENRICH: EnrichError,
    Stage.GENERATE: GenerateError,
    Stage.CHECK: CheckError,
    Stage.DELIVER: DeliverError,
}
# What no stage may turn into an error of its own: verdicts, the end of the lease, and a database
# that is away for a moment, after which the keeper tries the whole run again.
PASSING = (AnswerError, LeaseLostError, OperationalError, InterfaceError)
STAGE_SECONDS: dict[Stage, float] = {
    Stage.RECEIVE: 10,
    Stage.VALIDATE: 10,
    Stage.ENRICH: 20,
    # It pulls the sentences out of generate and check, so it takes as long as they do.
    Stage.DELIVER: settings.MODEL_TOTAL_SECONDS + 60,
}


def in_thread(function: Callable[..., T]) -> Callable[..., Awaitable[T]]:
    """A database function, callable from a coroutine without blocking other answers."""
    wrapped: Callable[..., Awaitable[T]] = database_sync_to_async(function, thread_sensitive=False)
    return wrapped


class Run:
    """One AnswerRun that this process holds the lease of."""

    def __init__(self, row: AnswerRun) -> None:
        if row.lease_token is None:
            raise ValueError("the run has no lease")
        self.row = row
        self.id: UUID = row.id
        self.conversation_id: UUID = row.conversation_id
        self.token: UUID = row.lease_token
        self.streams = row.delivery == AnswerRun.Delivery.STREAM
        self._began = time.monotonic()
        self._stages: list[dict[str, Any]] = []
        self._verdicts: list[dict[str, Any]] = []
        self._fallbacks: list[dict[str, str]] = []

    # -- time ------------------------------------------------------------------------------------
    def elapsed_ms(self) -> int:
        return round((time.monotonic() - self._began) * 1000)

    async def stage(
        self, stage: Stage, function: Callable[..., Awaitable[T]], *arguments: Any
    ) -> T:
        """Run one stage: timed, limited in time, its errors turned into the stage's own."""
        start = self.elapsed_ms()
        try:
            async with asyncio.timeout(STAGE_SECONDS.get(stage)):
                return await function(*arguments)
        except PASSING:
            raise
        except TimeoutError as error:
            raise STAGE_ERRORS[stage]("took too long") from error
        except Exception as error:
            log.exception("stage_failed", run=str(self.id), stage=stage)
            raise STAGE_ERRORS[stage](str(error)) from error
        finally:
            self._note_stage(stage, start)

    async def stream(self, stage: Stage, items: AsyncGenerator[T]) -> AsyncGenerator[T]:
        """The same for a stage that gives its results one by one."""
        start = self.elapsed_ms()
        try:
            async with aclosing(items):
                async for item in items:
                    yield item
        except PASSING:
            raise
        except Exception as error:
            log.exception("stage_failed", run=str(self.id), stage=stage)
            raise STAGE_ERRORS[stage](str(error)) from error
        finally:
            self._note_stage(stage, start)

    def _note_stage(self, stage: Stage, start: int) -> None:
        self._stages.append({"stage": stage, "start_ms": start, "end_ms": self.elapsed_ms()})

    # -- record ----------------------------------------------------------------------------------
    def note_verdict(self, *, text: str, kept: bool, reason: str) -> None:
        self._verdicts.append({"text": text, "kept": kept, "reason": reason})

    def note_fallback(self, *, route: str, code: str, detail: str) -> None:
        self._fallbacks.append({"route": route, "code": code, "detail": detail[:500]})
        log.warning("route_failed", run=str(self.id), route=route, code=code)

    def note_first_sentence(self) -> None:
        if self.row.first_sentence_ms is None:
            self.row.first_sentence_ms = self.elapsed_ms()

    def record(self) -> dict[str, Any]:
        """The fields of AnswerRun that this object has gathered."""
        return {
            "stages": self._stages,
            "verdicts": self._verdicts,
            "fallbacks": self._fallbacks,
            "first_sentence_ms": self.row.first_sentence_ms,
            "total_ms": self.elapsed_ms(),
        }

    async def save(self, **changes: Any) -> None:
        """Update the row. Raises LeaseLostError when another process has taken over."""
        await in_thread(self.update_row)(**changes)

    def update_row(self, **changes: Any) -> None:
        """As `save`, for use inside a transaction of the caller's."""
        changes["lease_until"] = lease_end()
        changed = AnswerRun.objects.filter(pk=self.id, lease_token=self.token).update(**changes)
        if not changed:
            raise LeaseLostError
        for name, value in changes.items():
            setattr(self.row, name, value)

    # -- events ----------------------------------------------------------------------------------
    async def emit(self, type: str, **payload: Any) -> None:
        """Store and send an event. A run that writes a draft has nobody watching: it goes through
        the same code and shows nothing."""
        await in_thread(self._emit)(type, payload)

    @transaction.atomic
    def _emit(self, type: str, payload: dict[str, Any]) -> None:
        self.update_row()
        if self.streams:
            conversation = Conversation.objects.select_for_update().get(pk=self.conversation_id)
            self.mute_unless_bot_speaks(conversation.state)
        if self.streams:
            self.append(type, payload)

    def append(self, type: str, payload: dict[str, Any]) -> None:
        """Append an event of this run inside a transaction of the caller's."""
        append_event(
            conversation_id=self.conversation_id,
            type=type,
            payload={"run_id": str(self.id), **payload},
        )

    def mute_unless_bot_speaks(self, state: str) -> None:
        """Once a person was asked for, the bot says no more: what stands half-said is taken back,
        and the rest of the run writes a draft. Needs a transaction that locks the conversation."""
        if self.streams and state != Conversation.State.BOT:
            self.append("answer.replaced", {"reason": "handed_over"})
            self.streams = False

    # -- lease -----------------------------------------------------------------------------------
    @asynccontextmanager
    async def kept_alive(self) -> AsyncIterator[None]:
        """Prolong the lease while the block runs; the block is cancelled when it is lost."""
        block = asyncio.current_task()

        async def prolong() -> None:
            while True:
                await asyncio.sleep(settings.RUN_LEASE_SECONDS / 3)
                try:
                    await self.save()
                except LeaseLostError:
                    log.warning("lease_lost", run=str(self.id))
                    if block is not None:
                        block.cancel()
                    return
                except Exception:
                    log.exception("lease_not_prolonged", run=str(self.id))

        keeper = asyncio.create_task(prolong())
        try:
            yield
        finally:
            keeper.cancel()


def lease_end() -> dt.datetime:
    return timezone.now() + dt.timedelta(seconds=settings.RUN_LEASE_SECONDS)
