"""Signing a customer out: every token they were given before is worth nothing any more."""

from __future__ import annotations

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone
from redis.exceptions import RedisError

from tickets.models import Customer
from tickets.services import audit
from tickets.services.events import group_of

log = structlog.get_logger(__name__)

SIGNED_OUT = "customer.signed_out"  # as sockets and streams hear of it
_NEWEST = 20  # conversations whose open sockets are told; others end with their next request


@transaction.atomic
def sign_out(*, customer: Customer, agent: AbstractBaseUser | None = None) -> None:
    """Refuse the customer's tokens of until now, on every device, and close what is open with them.
    `agent` is who did it; None is the customer."""
    customer.signed_out_at = timezone.now()
    customer.save(update_fields=["signed_out_at"])
    audit.record(action="customer.signed_out", target=customer, actor=agent)
    transaction.on_commit(lambda: _tell(customer), robust=True)


def _tell(customer: Customer) -> None:
    layer = get_channel_layer()
    if layer is None:
        return
    newest = customer.conversations.order_by("-updated_at").values_list("pk", flat=True)[:_NEWEST]
    try:
        for conversation_id in newest:
            async_to_sync(layer.group_send)(group_of(conversation_id), {"type": SIGNED_OUT})
    except (RedisError, OSError) as error:
        log.warning("sign_out_not_announced", customer=str(customer.pk), error=str(error))
