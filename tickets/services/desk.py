"""The agents' bell: rung when something that their pages show has changed.

It names the conversation and carries no data. Whoever hears it asks for what they may see, so that
a lost ring only delays. It names the private teams of the conversation, too: only their members are
told (supportbot.desk.socket).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import models, transaction

from tickets.models import Conversation, Team
from tickets.services.announcing import announcer

DESK_GROUP = "desk"


def ring_desk(changed: models.Model | None = None, *, has_ticket: bool = True) -> None:
    """Tell every open page of an agent, once the transaction commits: once for each conversation,
    however much of it has changed. `has_ticket`: it may have one, which may be a private team's."""
    bell = _Bell(_conversation_of(changed), has_ticket)
    for _, waiting, _ in transaction.get_connection().run_on_commit:
        if isinstance(waiting, _Bell) and waiting.conversation == bell.conversation:
            waiting.has_ticket |= has_ticket
            return
    transaction.on_commit(bell, robust=True)


@dataclass
class _Bell:
    conversation: UUID | None
    has_ticket: bool

    def __call__(self) -> None:
        _ring(self.conversation, has_ticket=self.has_ticket)


def _conversation_of(changed: models.Model | None) -> UUID | None:
    if isinstance(changed, Conversation):
        return changed.pk
    for name in ("", "ticket", "message", "run"):
        holder = getattr(changed, name, None) if name else changed
        if (found := getattr(holder, "conversation_id", None)) is not None:
            return UUID(str(found))
    return None


def _ring(conversation: UUID | None, *, has_ticket: bool) -> None:
    event: dict[str, Any] = {"type": "desk.changed", "conversation": None, "teams": []}
    if conversation is not None:
        event["conversation"] = str(conversation)
    if conversation is not None and has_ticket:
        closed = Team.objects.filter(is_private=True, tickets__conversation=conversation)
        event["teams"] = list(closed.distinct().values_list("pk", flat=True))
    announcer.announce(DESK_GROUP, event)
