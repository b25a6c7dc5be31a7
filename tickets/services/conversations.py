"""Customers and their conversations."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from tickets.models import Conversation, Customer
from tickets.services import audit


def register_visitor() -> Customer:
    """A new, unknown customer."""
    return Customer.objects.create()


def start_conversation(*, customer: Customer) -> Conversation:
    """A new conversation, in the mode that the settings give."""
    return Conversation.objects.create(customer=customer, mode=settings.ANSWER_MODE)


@transaction.atomic
def current_conversation(*, customer: Customer) -> Conversation:
    """The customer's newest conversation, made if there is none."""
    newest = customer.conversations.order_by("-created_at").first()
    if newest is None:
        # Two tabs may open at once: the second waits here, and then finds the first one's.
        Customer.objects.select_for_update().get(pk=customer.pk)
        newest = customer.conversations.order_by("-created_at").first()
    return newest or start_conversation(customer=customer)


@transaction.atomic
def change_mode(*, conversation: Conversation, mode: str, agent: AbstractBaseUser) -> None:
    """Decide whether answers are sent at once or wait for review."""
    locked = Conversation.objects.select_for_update().get(pk=conversation.pk)
    if locked.mode == mode:
        return
    audit.record(
        action="conversation.mode_changed",
        target=locked,
        actor=agent,
        before=locked.mode,
        after=mode,
    )
    locked.mode = Conversation.Mode(mode)
    locked.save(update_fields=["mode", "updated_at"])
