"""The agents' bell: rung when something that their pages show has changed.

It carries no data. Whoever hears it asks for what they may see, so that a lost ring only delays.
"""

from __future__ import annotations

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

DESK_GROUP = "desk"


def ring_desk() -> None:
    """Tell every open page of an agent, once the transaction commits."""
    transaction.on_commit(_ring, robust=True)


def _ring() -> None:
    layer = get_channel_layer()
    if layer is None:
        return
    try:
        async_to_sync(layer.group_send)(DESK_GROUP, {"type": "desk.changed"})
    except (RedisError, OSError) as error:
        log.warning("desk_not_told", error=str(error))
