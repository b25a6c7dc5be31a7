"""Service levels: how soon a customer is to be answered, and the clocks that measure it."""

from __future__ import annotations

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from tickets.models.calendars import BusinessCalendar
from tickets.models.teams import Team
from tickets.models.tickets import Category, Ticket


class SlaPolicy(models.Model):
    """Targets in working minutes. Of the policies that fit a ticket the first by position counts;
    an empty condition fits every ticket."""

    name = models.CharField(max_length=100, unique=True)
    position = models.PositiveSmallIntegerField(
        default=10, help_text="The first policy that fits a ticket counts."
    )
    is_active = models.BooleanField("on", default=True)
    priority = models.PositiveSmallIntegerField(choices=Ticket.Priority, null=True, blank=True)
    category = models.ForeignKey(
        Category, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    calendar = models.ForeignKey(
        BusinessCalendar,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Empty: the default calendar.",
    )
    first_reply_minutes = models.PositiveIntegerField(null=True, blank=True)
    next_reply_minutes = models.PositiveIntegerField(null=True, blank=True)
    resolution_minutes = models.PositiveIntegerField(null=True, blank=True)
    warn_minutes = models.PositiveIntegerField(
        "warn before", default=15, help_text="Working minutes before a target is missed."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["position", "pk"]
        verbose_name = "SLA policy"
        verbose_name_plural = "SLA policies"

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        targets = (self.first_reply_minutes, self.next_reply_minutes, self.resolution_minutes)
        if not any(targets) or 0 in targets:
            raise ValidationError("Give at least one target; a target is a minute or more.")


class SlaClock(models.Model):
    """One target of a ticket, until `ended_at`. It runs since `runs_since`, when `remaining` was
    left of the target; while `runs_since` is empty it stands."""

    class Kind(models.TextChoices):
        FIRST_REPLY = "first_reply", "First reply"
        NEXT_REPLY = "next_reply", "Next reply"
        RESOLUTION = "resolution", "Resolution"

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="sla_clocks")
    policy = models.ForeignKey(
        SlaPolicy, null=True, blank=True, on_delete=models.SET_NULL, related_name="clocks"
    )
    kind = models.CharField(max_length=20, choices=Kind)
    target = models.DurationField(help_text="Of working time.")
    started_at = models.DateTimeField()
    runs_since = models.DateTimeField(null=True, blank=True)
    remaining = models.DurationField(help_text="Below zero: overdue.")
    due_at = models.DateTimeField(null=True, blank=True)
    warn_at = models.DateTimeField(null=True, blank=True)
    warned_at = models.DateTimeField(null=True, blank=True)
    breached_at = models.DateTimeField(null=True, blank=True)
    met_at = models.DateTimeField(null=True, blank=True, help_text="Done, in time or late.")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["started_at", "pk"]
        verbose_name = "SLA clock"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["ticket", "kind"],
                condition=Q(ended_at=None),
                name="sla_clock_one_running",
            ),
            models.CheckConstraint(
                condition=Q(runs_since=None, due_at=None, warn_at=None)
                | Q(runs_since__isnull=False, due_at__isnull=False, warn_at__isnull=False),
                name="sla_clock_runs_or_stands",
            ),
        ]
        indexes: ClassVar = [
            # the watch: what is to be warned of
            models.Index(
                fields=["warn_at"],
                name="sla_clock_to_warn",
                condition=Q(ended_at=None, warned_at=None),
            ),
            # the watch: what has been missed; the desk's list of what is at risk
            models.Index(
                fields=["due_at"],
                name="sla_clock_to_breach",
                condition=Q(ended_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of #{self.ticket_id}"
