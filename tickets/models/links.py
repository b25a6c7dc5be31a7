"""Tickets that belong together."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest, Least

from tickets.models.tickets import Ticket


class TicketLink(models.Model):
    """Read in both directions; of a split, `other` came out of `ticket`."""

    class Kind(models.TextChoices):
        RELATED = "related", "Related"
        SPLIT = "split", "Split off"

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="links")
    other = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.RELATED)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["created_at", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                Least("ticket", "other"), Greatest("ticket", "other"), name="link_once"
            ),
            models.CheckConstraint(condition=~Q(ticket=F("other")), name="link_between_two"),
        ]

    def __str__(self) -> str:
        return f"#{self.ticket_id} and #{self.other_id}"
