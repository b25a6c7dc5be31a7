"""Facts a customer gave in a conversation, each with the message it came from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet

from tickets.models import ConversationFact, Message
from tickets.services.audit import record

MOST_FACTS = 20  # of a conversation; the oldest give way
Kind = ConversationFact.Kind
# A customer has one of these at a time: a new value takes the place of the old one.
SINGLE = frozenset({Kind.COUNTRY, Kind.ORDER_DATE})


def remember(*, message: Message, facts: Iterable[tuple[Kind, str]]) -> None:
    """Store the facts of a message. The same message twice adds nothing."""
    if new := list(facts):  # most messages have none
        _remember(message, new)


@transaction.atomic
def _remember(message: Message, facts: Sequence[tuple[Kind, str]]) -> None:
    of_conversation = ConversationFact.objects.filter(conversation_id=message.conversation_id)
    for kind, value in facts:
        if kind in SINGLE:
            of_conversation.filter(kind=kind).exclude(value=value).delete()
        of_conversation.get_or_create(
            conversation_id=message.conversation_id,
            kind=kind,
            value=value,
            defaults={"message": message},
        )
    kept = of_conversation.order_by("-created_at", "-pk").values_list("pk", flat=True)[:MOST_FACTS]
    of_conversation.exclude(pk__in=list(kept)).delete()


def facts_of(conversation_id: UUID) -> QuerySet[ConversationFact]:
    """Oldest first."""
    facts = ConversationFact.objects.filter(conversation_id=conversation_id)
    return facts.select_related("message").order_by("created_at", "pk")


@transaction.atomic
def forget(*, fact: ConversationFact, actor: AbstractBaseUser) -> None:
    """Delete a fact. The audit log keeps that it was deleted, not what it said."""
    record(
        action="conversation.fact_deleted",
        target=fact.conversation,
        actor=actor,
        kind=fact.kind,
    )
    fact.delete()
