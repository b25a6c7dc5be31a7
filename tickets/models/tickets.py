"""Tickets: what a person has to do for a customer."""

from __future__ import annotations

from typing import ClassVar, Self, cast

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from tickets.models.conversations import Conversation
from tickets.models.teams import Team
from tickets.models.visibility import Reader, visible_by


class Category(models.Model):
    name = models.CharField(max_length=100, unique=True)

    class Meta:
        ordering: ClassVar = ["name"]
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    name = models.CharField(max_length=50, unique=True)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class TicketQuerySet(models.QuerySet["Ticket"]):
    def visible_to(self, user: Reader) -> Self:
        return cast("Self", visible_by(self, user, "conversation"))


class Ticket(models.Model):
    class Status(models.TextChoices):
        """The allowed transitions stand in tickets.states."""

        NEW = "new", "New"
        OPEN = "open", "Open"
        PENDING = "pending", "Waiting for the customer"
        ON_HOLD = "on_hold", "On hold"
        SOLVED = "solved", "Solved"
        CLOSED = "closed", "Closed"
        REOPENED = "reopened", "Reopened"

    class Priority(models.IntegerChoices):
        LOW = 10, "Low"
        NORMAL = 20, "Normal"
        HIGH = 30, "High"
        URGENT = 40, "Urgent"

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="tickets")
    subject = models.CharField(max_length=200)
    status = models.CharField(max_length=20, choices=Status, default=Status.NEW)
    status_reason = models.CharField(max_length=200, blank=True)
    status_changed_at = models.DateTimeField(default=timezone.now)
    priority = models.PositiveSmallIntegerField(choices=Priority, default=Priority.NORMAL)
    category = models.ForeignKey(
        Category, null=True, blank=True, on_delete=models.SET_NULL, related_name="tickets"
    )
    tags = models.ManyToManyField(Tag, blank=True, related_name="tickets")
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="tickets",
        limit_choices_to={"is_staff": True},
    )
    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.SET_NULL, related_name="tickets"
    )
    followers = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="followed_tickets"
    )
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="merged"
    )
    custom_fields = models.JSONField(
        default=dict, blank=True, help_text="By key; tickets.services.custom_fields."
    )
    snoozed_until = models.DateTimeField(
        null=True, blank=True, help_text="Out of the queue until then, or until a reply."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = TicketQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-updated_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["conversation"],
                condition=~Q(status="closed"),
                name="ticket_one_unclosed_per_conversation",
            )
        ]
        indexes: ClassVar = [
            # the queue and its views: what is not done, most pressing first
            models.Index(
                fields=["-priority", "status_changed_at"],
                name="ticket_queue",
                condition=~Q(status__in=["solved", "closed"]),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.subject}"
