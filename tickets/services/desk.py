"""The agents' bell: rung when something that their pages show has changed.

It names the conversation and carries no data. Whoever hears it asks for what they may see, so that
a lost ring only delays.
"""

from __future__ import annotations

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import models, transaction
from redis.exceptions import RedisError

from tickets.models import Conversation, Draft, Message, Ticket

log = structlog.get_logger(__name__)

DESK_GROUP = "desk"


def ring_desk(changed: models.Model | None = None) -> None:
    """Tell every open page of an agent, once the transaction commits."""
    conversation = _conversation_of(changed)
    transaction.on_commit(lambda: _ring(conversation), robust=True)


def _conversation_of(changed: models.Model | None) -> str | None:
    if isinstance(changed, Conversation):
        return str(changed.pk)
    if isinstance(changed, Message | Ticket):
        return str(changed.conversation_id)
    if isinstance(changed, Draft):
        return str(changed.ticket.conversation_id)
    return None


def _ring(conversation: str | None) -> None:
    layer = get_channel_layer()
    if layer is None:
        return
    try:
        async_to_sync(layer.group_send)(
            DESK_GROUP, {"type": "desk.changed", "conversation": conversation}
        )
    except (RedisError, OSError) as error:
        log.warning("desk_not_told", error=str(error))
