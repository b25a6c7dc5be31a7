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


def ring_desk(changed: models.Model | None = None) -> None:
    """Tell every open page of an agent, once the transaction commits: once for each conversation,
    however much of it has changed."""
    bell = _Bell(_conversation_of(changed))
    if all(waiting != bell for _, waiting, _ in transaction.get_connection().run_on_commit):
        transaction.on_commit(bell, robust=True)


@dataclass(frozen=True)
class _Bell:
    conversation: UUID | None

    def __call__(self) -> None:
        _ring(self.conversation)


def _conversation_of(changed: models.Model | None) -> UUID | None:
    if isinstance(changed, Conversation):
        return changed.pk
    for name in ("", "ticket", "message", "run"):
        holder = getattr(changed, name, None) if name else changed
        if (found := getattr(holder, "conversation_id", None)) is not None:
            return UUID(str(found))
    return None


def _ring(conversation: UUID | None) -> None:
    event: dict[str, Any] = {"type": "desk.changed", "conversation": None, "teams": []}
    if conversation is not None:
        closed = Team.objects.filter(is_private=True, tickets__conversation=conversation)
        event["conversation"] = str(conversation)
        event["teams"] = list(closed.distinct().values_list("pk", flat=True))
    announcer.announce(DESK_GROUP, event)
