"""What is due on a ticket at a time."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from tickets.models.tickets import Ticket


class Timer(models.Model):
    """Goes off once, in the transaction that does what it is for, unless it is cancelled before."""

    class Kind(models.TextChoices):
        REMINDER = "reminder", "Remind the customer"
        SOLVE = "solve", "Solve without a reply"
        CLOSE = "close", "Close after solving"
        WAKE = "wake", "End of snoozing"

    class Status(models.TextChoices):
        PENDING = "pending", "Runs"
        DONE = "done", "Went off"
        CANCELLED = "cancelled", "Cancelled"

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="timers")
    kind = models.CharField(max_length=20, choices=Kind)
    due_at = models.DateTimeField()
    status = models.CharField(max_length=20, choices=Status, default=Status.PENDING)
    ended_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["due_at", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["ticket", "kind"],
                condition=Q(status="pending"),
                name="timer_one_of_a_kind",
            )
        ]
        indexes: ClassVar = [
            # the sweep for what is due
            models.Index(fields=["due_at"], name="timer_due", condition=Q(status="pending"))
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.ticket}"
