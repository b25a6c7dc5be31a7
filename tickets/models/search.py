"""What the search over tickets reads. Triggers of the database keep it up to date."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from tickets.models.tickets import Ticket


class TicketSearch(models.Model):
    """The words of a ticket: subject and customer (A), notes (B), messages (C). The migration that
    made it holds the triggers."""

    ticket = models.OneToOneField(
        Ticket, on_delete=models.CASCADE, primary_key=True, related_name="search"
    )
    document = SearchVectorField()

    class Meta:
        indexes: ClassVar = [GinIndex(fields=["document"], name="ticket_words")]

    def __str__(self) -> str:
        return f"Words of #{self.ticket_id}"
