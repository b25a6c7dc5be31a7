"""Agents beyond their accounts, and how long customers have waited for them."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from tickets.models.conversations import Conversation
from tickets.models.tickets import Tag


class AgentProfile(models.Model):
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="agent_profile"
    )
    is_away = models.BooleanField(
        "away", default=False, help_text="Gets no tickets by assignment until back."
    )
    away_since = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(
        null=True, blank=True, help_text="When a page of the desk was open last, by the minute."
    )
    skills = models.ManyToManyField(
        Tag,
        blank=True,
        related_name="+",
        help_text="Tickets with these tags go to agents who have them.",
    )
    last_assigned_at = models.DateTimeField(
        null=True, blank=True, help_text="By assignment: whose turn is longest ago is next."
    )

    class Meta:
        ordering: ClassVar = ["user__username"]

    def __str__(self) -> str:
        return str(self.user)


class Wait(models.Model):
    """A customer waited for a person until one came: what the next one is told to expect."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="waits")
    reason = models.CharField(max_length=20, choices=Conversation.Reason)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    in_office_hours = models.BooleanField(help_text="Somebody was there when it began.")

    class Meta:
        ordering: ClassVar = ["-ended_at"]
        indexes: ClassVar = [
            # the newest waits, of which the median is told
            models.Index(fields=["-ended_at"], name="wait_newest")
        ]

    def __str__(self) -> str:
        return f"{self.ended_at - self.began_at}"
