"""How customers found the support."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from tickets.models.tickets import Ticket


class Rating(models.Model):
    """Asked once, when a ticket that a person worked on is done; without a score until the customer
    gives one, which stays."""

    ticket = models.OneToOneField(Ticket, on_delete=models.CASCADE, related_name="rating")
    score = models.PositiveSmallIntegerField(null=True, blank=True, help_text="1, bad, to 5, good.")
    comment = models.TextField(blank=True)
    asked_at = models.DateTimeField(auto_now_add=True)
    rated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-asked_at"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(score=None) | Q(score__range=(1, 5)), name="rating_score_1_to_5"
            )
        ]

    def __str__(self) -> str:
        return f"{self.score} of 5" if self.score is not None else "Not rated"
