"""Since when a customer is away: the time at which their chat was last open."""

from __future__ import annotations

from collections.abc import Collection

import structlog
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from tickets.models import Customer

log = structlog.get_logger(__name__)


def note_seen(visitors: Collection[str]) -> None:
    """Store that the chats of these customers are, or just were, open."""
    if not visitors:
        return
    try:
        Customer.objects.filter(pk__in=visitors).update(last_seen_at=timezone.now())
    except DatabaseError as error:  # the chat goes on without; the next one is stored
        log.warning("presence_not_stored", error=type(error).__name__)
    finally:
        close_old_connections()
