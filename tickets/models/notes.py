"""What agents tell each other: internal notes on a ticket, and what one agent is told."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from tickets.models.tickets import Ticket


class Note(models.Model):
    """Words about a ticket that its customer never sees. Notes are no messages, so that nothing
    which shows a conversation can show one."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="None: the product itself.",
    )
    text = models.TextField()
    mentions = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["created_at", "pk"]

    def __str__(self) -> str:
        return self.text[:60]


class AgentNotice(models.Model):
    """Something that one agent should know, until they have seen it."""

    class Kind(models.TextChoices):
        MENTION = "mention", "Mentioned"
        SLA = "sla", "A reply is due"
        FOLLOWED = "followed", "News of a ticket that you follow"

    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices"
    )
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=20, choices=Kind)
    words = models.CharField(max_length=300)
    created_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-created_at", "-pk"]
        verbose_name = "notice"
        indexes: ClassVar = [
            # what an agent has not seen, on every page of the desk
            models.Index(fields=["agent"], name="notice_unseen", condition=Q(seen_at=None)),
        ]

    def __str__(self) -> str:
        return self.words
