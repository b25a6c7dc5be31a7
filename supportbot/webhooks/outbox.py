"""What endpoints are told: every entry of the audit log and every message, as rows of the outbox
in the transaction of the change itself."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models.signals import post_save
from django.dispatch import receiver

from supportbot.webhooks.models import WebhookDelivery, WebhookEndpoint
from tickets.models import AuditEntry, Message, Ticket
from tickets.services.events import iso

MESSAGE_CREATED = "message.created"
# Said elsewhere already, or of no use to other programs.
_OWN = ("webhook.",)


@receiver(post_save, sender=AuditEntry, dispatch_uid="webhooks_of_audit")
def _on_audit(instance: AuditEntry, created: bool, **_: Any) -> None:
    if not created or instance.action.startswith(_OWN):
        return
    queue(
        instance.action,
        {
            "actor": instance.actor_name,
            "object": {"type": instance.object_type, "id": instance.object_id},
            "data": instance.data,
        },
        at=iso(instance.created_at),
        conversation=instance.conversation_id,
    )


@receiver(post_save, sender=Message, dispatch_uid="webhooks_of_messages")
def _on_message(instance: Message, created: bool, **_: Any) -> None:
    if not created:
        return
    message = {
        "id": str(instance.pk),
        "conversation": str(instance.conversation_id),
        "author": instance.author,
        "text": instance.text,
        "run_id": str(instance.run_id) if instance.run_id else None,
    }
    entry = {"actor": instance.author, "object": {"type": "message", "id": str(instance.pk)}}
    queue(
        MESSAGE_CREATED,
        {**entry, "data": message},
        at=iso(instance.created_at),
        conversation=instance.conversation_id,
    )


def queue(type: str, payload: dict[str, Any], *, at: str, conversation: UUID | None = None) -> None:
    """A delivery for each endpoint that wants it; what happens to the ticket of a private team is
    for those alone that cover it. Needs the transaction of the change."""
    wanting = [one for one in WebhookEndpoint.objects.filter(is_on=True) if one.wants(type)]
    if any(not one.covers_private for one in wanting) and _is_private(conversation):
        wanting = [one for one in wanting if one.covers_private]
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(
            endpoint=endpoint, type=type, payload={"type": type, "created_at": at, **payload}
        )
        for endpoint in wanting
    )


def _is_private(conversation: UUID | None) -> bool:
    tickets = Ticket.objects.filter(conversation=conversation, team__is_private=True)
    return conversation is not None and tickets.exists()
