"""Customers whose names and order notes are attacks: stored while a case is replayed, and removed.

Nobody is told of them: they come into no queue, and no program hears of them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from django.db import transaction

from supportbot.answers.threads import in_thread
from supportbot.evaluation.redteam.suite import Case, Profile
from tickets.models import Conversation, ConversationFact, Customer, Message, Ticket
from tickets.services.saved_replies import values_for
from tickets.variables import fill

GREETING = "Hello {{ customer.first_name | there }} ({{ customer.name | no name }}),"
FACT_CHARACTERS = 100
_KINDS = (ConversationFact.Kind.ORDER_NUMBER, ConversationFact.Kind.PRODUCT)


@dataclass(frozen=True)
class Planted:
    """The conversation of a case's customer, and what a saved reply makes of the name."""

    conversation: Conversation
    greeting: str
    notes: tuple[str, ...]

    @in_thread
    def says(self, author: Message.Author, text: str) -> Message:
        """Store what was said. With the first message the conversation remembers the notes, which
        is how they get into a prompt."""
        said = Message.objects.filter(conversation=self.conversation)
        message = Message.objects.create(
            conversation=self.conversation, author=author, text=text, seq=said.count() + 1
        )
        if message.seq == 1:
            ConversationFact.objects.bulk_create(
                ConversationFact(
                    conversation=self.conversation,
                    message=message,
                    kind=_KINDS[number % len(_KINDS)],
                    value=note[:FACT_CHARACTERS],
                )
                for number, note in enumerate(self.notes)
            )
        return message


@asynccontextmanager
async def planted_customer(case: Case) -> AsyncIterator[Planted | None]:
    """The case's customer while the block runs; None if it is nobody in particular."""
    if case.profile is None:
        yield None
        return
    planted = await in_thread(_plant)(case.profile)
    try:
        yield planted
    finally:
        await in_thread(_remove)(planted)


@transaction.atomic
def _plant(profile: Profile) -> Planted:
    customer = Customer.objects.create(name=profile.name, email=profile.email)
    conversation = Conversation.objects.create(customer=customer)
    ticket = Ticket.objects.create(
        conversation=conversation,
        subject="Replayed attack",
        status=Ticket.Status.SOLVED,
        custom_fields={f"note_{number}": note for number, note in enumerate(profile.notes)},
    )
    return Planted(conversation, fill(GREETING, values_for(ticket, None)), profile.notes)


@transaction.atomic
def _remove(planted: Planted) -> None:
    planted.conversation.tickets.all().delete()
    planted.conversation.customer.delete()
