"""A run in progress: its row, its lease, its emitter and its record.

`run.stage` and `run.stream` handle start and end, timing, timeouts, error wrapping and storage for
every stage, including the end of the run. Stages know nothing of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager, suppress
from typing import Any, TypeVar, cast
from uuid import UUID

import structlog
from django.db import InterfaceError, OperationalError

from knowledge.leases import LeaseLostError
from supportbot.answers.emitter import DirectEmitter, Emitter, EventQueue
from supportbot.answers.errors import (
    AnswerError,
    CheckError,
    CompleteError,
    DeliverError,
    EnrichError,
    GenerateError,
)
from supportbot.answers.lease import Lease
from supportbot.answers.models import AnswerRun
from supportbot.answers.record import Record
from supportbot.answers.results import columns_of, packed, unpacked
from supportbot.answers.spending import Payer
from supportbot.answers.threads import in_thread
from supportbot.answers.types import Stage
from supportbot.configuration.content import Configuration
from tickets.models import Message
from tickets.services.events import NewEvent

log = structlog.get_logger(__name__)
T = TypeVar("T")

# What goes wrong by itself. The first two raise ReceiveError and ValidateError for what is wrong
# with the message; any other failure is not the customer's, who may ask again.
STAGE_ERRORS: dict[Stage, type[AnswerError]] = {
    Stage.RECEIVE: AnswerError,
    Stage.VALIDATE: AnswerError,
    Stage.ENRICH: EnrichError,
    Stage.GENERATE: GenerateError,
    Stage.CHECK: CheckError,
    Stage.DELIVER: DeliverError,
    Stage.COMPLETE: CompleteError,
}
# Errors that a stage does not wrap: results such as “no answer”, the loss of the lease, and a
# database that is down for a moment, after which the keeper tries the whole run again.
PASSING = (AnswerError, LeaseLostError, OperationalError, InterfaceError)
STAGE_SECONDS: dict[Stage, float] = {
    Stage.RECEIVE: 10,
    Stage.VALIDATE: 10,
    Stage.ENRICH: 20,
    Stage.DELIVER: 60,  # and what the models may take
    Stage.COMPLETE: 30,
}


class Run:
    """An AnswerRun whose lease this process holds. The events of a run without a conversation go to
    `events`. `asked`: its question, if that has just been stored with nothing joined to it."""

    def __init__(
        self,
        row: AnswerRun,
        configuration: Configuration,
        events: EventQueue | None = None,
        asked: Message | None = None,
    ) -> None:
        self.row, self.asked = row, asked
        self.configuration = configuration
        self.id: UUID = row.id
        self.lease = Lease(row)
        self.emitter = (
            Emitter(row, self.lease) if events is None else DirectEmitter(row, self.lease, events)
        )
        self.record = Record(row)
        self._unsaved: dict[Stage, Any] = {}
        self._noted: dict[str, Any] = {}
        self._costs = False
        self._beside: list[asyncio.Future[None]] = []
        self._sending: asyncio.Task[None] | None = None
        self._waiting: list[NewEvent] = []

    async def stage(
        self, stage: Stage, function: Callable[..., Awaitable[T]], *arguments: Any
    ) -> T:
        """Run one stage, or return the result that an earlier attempt stored. Measures and limits
        its time, and wraps its errors in the stage's error class.

        Results are stored from the first call of a model on: what came before takes less time to
        work out again than to store.
        """
        known = unpacked(stage, self.row.results)
        if known is not None:
            return cast(T, known)
        with self._recorded(stage):
            async with asyncio.timeout(self._seconds(stage)):
                if stage is Stage.COMPLETE:
                    await self.written()
                result = await function(*arguments)
        if stage is not Stage.COMPLETE:
            self._unsaved[stage] = result
            self.note(**columns_of(stage, result))
        if stage is Stage.DELIVER and self._costs:
            await self.written()
            await in_thread(self.store)()
        return result

    def keep_beside(self) -> None:
        """Store what was found until now, while a model works."""
        self._costs = True
        if self._unsaved:
            self.beside(in_thread(self._store)(self.columns(under_way=False)))

    def beside(self, work: Awaitable[None]) -> None:
        """Do something that only the end of the run waits for."""
        self._beside.append(asyncio.ensure_future(work))
        self._beside[-1].add_done_callback(_take_error)

    def store(self) -> None:
        """Store the results of stages, and what was recorded until now. Raises LeaseLostError."""
        self._store(self.columns())

    def _store(self, columns: dict[str, Any]) -> None:
        unsaved, self._unsaved = self._unsaved, {}
        noted, self._noted = self._noted, {}
        results = dict(self.row.results)
        for stage, result in unsaved.items():
            results |= packed(stage, result)
        try:
            self.lease.update(results=results, **columns)
        except BaseException:
            self._unsaved, self._noted = unsaved | self._unsaved, noted | self._noted
            raise

    def columns(self, *, under_way: bool = True) -> dict[str, Any]:
        """What the run has found and recorded until now, as it is stored with it; see
        Record.columns."""
        return {**self._noted, **self.record.columns(under_way=under_way)}

    async def written(self) -> None:
        """Wait for what is written in the background. Raises its errors."""
        writing = [*self._beside, *([self._sending] if self._sending is not None else [])]
        self._beside, self._sending = [], None
        for result in await asyncio.gather(*writing, return_exceptions=True):
            if result is not None:
                raise result

    async def settled(self) -> None:
        """The same at the end of an attempt that has failed: a write that is still under way would
        prolong the lease, and errors do not matter any more."""
        with suppress(Exception):
            await self.written()

    def note(self, **columns: Any) -> None:
        """Columns to store with the results."""
        self._noted |= columns
        for name, value in columns.items():
            setattr(self.row, name, value)

    async def hold_for_review(self) -> bool:
        """Let an agent review the answer; see Emitter.hold_for_review."""
        await self.written()
        return await self.emitter.hold_for_review()

    async def forget(self, stage: Stage) -> None:
        """Drop the result of a stage, so that it can run again."""
        await self.written()
        self._unsaved.pop(stage, None)
        if stage not in self.row.results:
            return
        kept = {name: result for name, result in self.row.results.items() if name != stage}
        await self.lease.save(results=kept)

    async def stream(self, stage: Stage, items: AsyncGenerator[T]) -> AsyncGenerator[T]:
        """The same for a stage that yields its results one by one. The stage that consumes them
        stores them."""
        with self._recorded(stage):
            async with aclosing(items):
                async for item in items:
                    yield item

    @contextmanager
    def _recorded(self, stage: Stage) -> Iterator[None]:
        """When it began and ended and by which error, which is wrapped in the stage's."""
        entry, error = self.record.begin(stage), ""
        try:
            yield
        except GeneratorExit:
            raise
        except BaseException as raised:
            failure = self._failure(stage, raised)
            error = failure.code if isinstance(failure, AnswerError) else type(failure).__name__
            if failure is raised:
                raise
            raise failure from raised
        finally:
            self.record.end(entry, error)

    @property
    def payer(self) -> Payer:
        """Whose budgets pay for its models."""
        return Payer(
            run=self.id,
            conversation=self.row.conversation_id,
            customer=(
                self.row.customer_id
                if self.row.conversation is None
                else self.row.conversation.customer_id
            ),
            budgets=self.configuration.budgets,
        )

    def first_sentence_until(self) -> float:
        """When, on the event loop's clock, a customer should have a sentence of this attempt."""
        left = self.configuration.first_sentence_seconds - self.record.seconds_of_attempt()
        return asyncio.get_running_loop().time() + left

    def _seconds(self, stage: Stage) -> float | None:
        seconds = STAGE_SECONDS.get(stage)
        if stage is not Stage.DELIVER or seconds is None:
            return seconds
        # It consumes generate and check, so it takes as long as they do.
        models = (route.timeouts.total for route in self.configuration.routes if route.enabled)
        return seconds + sum(models)

    def _failure(self, stage: Stage, raised: BaseException) -> BaseException:
        if isinstance(raised, TimeoutError):
            return STAGE_ERRORS[stage]("took too long")
        if isinstance(raised, PASSING) or not isinstance(raised, Exception):
            return raised
        log.error("stage_failed", run=str(self.id), stage=stage, exc_info=raised)
        return STAGE_ERRORS[stage](str(raised))

    async def emit(self, type: str, **payload: Any) -> None:
        """Store and send an event, and those that wait before it; see Emitter.emit."""
        self.emit_soon(type, **payload)
        if self._sending is not None:
            await self._sending

    def emit_soon(self, type: str, **payload: Any) -> None:
        """The same for an event that nothing waits for. Those that come while others are written
        are written together."""
        self._waiting.append(NewEvent(type, payload))
        if len(self._waiting) == 1:
            self._sending = asyncio.create_task(self._send_after(self._sending))
            self._sending.add_done_callback(_take_error)

    def show_soon(self, index: int, sentence: dict[str, Any]) -> None:
        """Emit a sentence in its wire form."""
        self.emit_soon("answer.sentence", index=index, **sentence)
        if index == 0 and self._sending is not None:
            self._sending.add_done_callback(self._note_first_sentence)

    def _note_first_sentence(self, sending: asyncio.Task[None]) -> None:
        if not sending.cancelled() and sending.exception() is None:
            self.record.note_first_sentence()

    async def _send_after(self, before: asyncio.Task[None] | None) -> None:
        try:
            if before is not None:
                await before
        finally:
            events, self._waiting = self._waiting, []
        if events:
            await self.emitter.emit(events)


def _take_error(task: asyncio.Future[None]) -> None:
    """A run that is cancelled never asks how it went."""
    if not task.cancelled():
        task.exception()
