"""What agents should look at first."""

from __future__ import annotations

from django.db import transaction

from tickets.models import Conversation, Ticket
from tickets.services import audit


@transaction.atomic
def raise_priority(*, conversation: Conversation, reason: str) -> None:
    """Mark the conversation, and its ticket, as urgent. Does nothing if it is."""
    locked = Conversation.objects.select_for_update().get(pk=conversation.pk)
    if locked.is_urgent:
        return
    locked.is_urgent = True
    locked.save(update_fields=["is_urgent", "updated_at"])
    locked.tickets.exclude(status=Ticket.Status.CLOSED).update(priority=Ticket.Priority.URGENT)
    audit.record(action="conversation.made_urgent", target=locked, reason=reason)
