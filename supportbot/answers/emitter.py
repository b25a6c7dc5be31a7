"""The events of a run, stored and sent to the customer as long as the bot may speak."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from supportbot.answers.lease import Lease
from supportbot.answers.models import AnswerRun
from supportbot.answers.threads import in_thread
from tickets.models import Conversation
from tickets.services.events import Condition, NewEvent, append_event, append_while
from tickets.states import MAY_ANSWER_SQL, may_answer

Delivery = AnswerRun.Delivery
_HELD = f"""
SELECT FROM answers_answerrun
WHERE id = %(run)s AND lease_token = %(token)s AND status = '{AnswerRun.Status.RUNNING.value}'
FOR UPDATE
"""


class Emitter:
    """The events of one run. A muted run, which writes a draft, runs the same code and sends
    nothing."""

    def __init__(self, row: AnswerRun, lease: Lease) -> None:
        self.row, self._lease = row, lease

    @property
    def is_muted(self) -> bool:
        return self.row.delivery != Delivery.STREAM

    async def emit(self, events: Sequence[NewEvent]) -> None:
        """Store and send events. Raises LeaseLostError if another process has taken over."""
        await in_thread(self._emit)(events)

    def _emit(self, events: Sequence[NewEvent]) -> None:
        if self.is_muted or not self._append_at_once(events):
            self._append_or_mute(events)

    def _append_at_once(self, events: Sequence[NewEvent]) -> bool:
        """In one statement; whether this process holds the run and the bot may speak."""
        held = {"run": self.row.pk, "token": self._lease.token}
        return append_while(
            Condition(_HELD, MAY_ANSWER_SQL, held),
            conversation_id=self.row.conversation_key,
            events=[NewEvent(one.type, self._payload(one.payload)) for one in events],
        )

    @transaction.atomic
    def _append_or_mute(self, events: Sequence[NewEvent]) -> None:
        self.lock()
        if not self.is_muted:
            for event in events:
                self.append(event.type, event.payload)

    def lock(self) -> Conversation | None:
        """Lock the run, then its conversation, if it has one. Mute the bot if it may no longer
        speak.

        Everywhere the run is locked before the conversation, which prevents deadlocks.
        """
        self._lease.lock()
        conversation = Conversation.objects.select_for_update().get(pk=self.row.conversation_key)
        if not self.is_muted and not may_answer(conversation):
            # Withdraw the unfinished answer; the rest of the run writes a draft.
            is_closed = conversation.state == Conversation.State.CLOSED
            self.append("answer.replaced", {"reason": "closed" if is_closed else "handed_over"})
            self._lease.update(delivery=Delivery.DRAFT)
        return conversation

    async def hold_for_review(self) -> bool:
        """Mute the bot: what it has shown is withdrawn, and an agent reviews the answer. Returns
        whether that can be done."""
        return await in_thread(self._hold)()

    @transaction.atomic
    def _hold(self) -> bool:
        self.lock()
        if not self.is_muted:
            self.append("answer.replaced", {"reason": "handed_over"})
            self._lease.update(delivery=Delivery.DRAFT)
        return True

    def append(self, type: str, payload: dict[str, Any]) -> None:
        """Append an event of this run inside the caller's transaction."""
        append_event(
            conversation_id=self.row.conversation_key,
            type=type,
            payload=self._payload(payload),
        )

    def _payload(self, payload: dict[str, Any]) -> dict[str, Any]:
        return {"run_id": str(self.row.pk), **payload}


EventQueue = asyncio.Queue[dict[str, Any] | None]  # None: the run has ended


class DirectEmitter(Emitter):
    """The events of a run without a conversation: they go to whoever asked, and are not stored."""

    def __init__(self, row: AnswerRun, lease: Lease, events: EventQueue) -> None:
        super().__init__(row, lease)
        self._events, self._loop = events, asyncio.get_running_loop()

    @property
    def is_muted(self) -> bool:
        return False

    async def emit(self, events: Sequence[NewEvent]) -> None:
        for event in events:
            self.append(event.type, event.payload)

    async def hold_for_review(self) -> bool:
        return False  # there is no conversation that an agent could answer

    def lock(self) -> None:
        """Lock the run. Raises LeaseLostError."""
        self._lease.lock()

    def append(self, type: str, payload: dict[str, Any]) -> None:
        """Pass an event on; may be called from any thread."""
        event = {"type": type, **self._payload(payload)}
        self._loop.call_soon_threadsafe(self._events.put_nowait, event)
