"""What a run tells the customer: stored events, for as long as the bot may speak."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from supportbot.answers.lease import Lease
from supportbot.answers.models import AnswerRun
from supportbot.answers.threads import in_thread
from tickets.models import Conversation
from tickets.services.events import append_event

Delivery = AnswerRun.Delivery


class Emitter:
    """The events of one run. A run that writes a draft has nobody watching: it goes through the
    same code and shows nothing."""

    def __init__(self, row: AnswerRun, lease: Lease) -> None:
        self.row, self._lease = row, lease

    @property
    def is_muted(self) -> bool:
        return self.row.delivery != Delivery.STREAM

    async def emit(self, type: str, **payload: Any) -> None:
        """Store and send an event. Raises LeaseLostError when another process has taken over."""
        await in_thread(self._emit)(type, payload)

    @transaction.atomic
    def _emit(self, type: str, payload: dict[str, Any]) -> None:
        self.lock()
        if not self.is_muted:
            self.append(type, payload)

    def lock(self) -> Conversation:
        """Lock the run, then its conversation; mute the bot if it may speak no more.

        Run before conversation, as everywhere: two transactions can never wait for each other.
        """
        self._lease.update()
        conversation = Conversation.objects.select_for_update().get(pk=self.row.conversation_id)
        if not self.is_muted and conversation.state != Conversation.State.BOT:
            # What stands half-said is taken back, and the rest of the run writes a draft.
            is_closed = conversation.state == Conversation.State.CLOSED
            self.append("answer.replaced", {"reason": "closed" if is_closed else "handed_over"})
            self._lease.update(delivery=Delivery.DRAFT)
        return conversation

    def append(self, type: str, payload: dict[str, Any]) -> None:
        """Append an event of this run inside a transaction of the caller's."""
        append_event(
            conversation_id=self.row.conversation_id,
            type=type,
            payload={"run_id": str(self.row.pk), **payload},
        )
