"""Answers that wait for an agent."""

from __future__ import annotations

from typing import ClassVar, Self, cast

from django.conf import settings
from django.db import models

from tickets.models.conversations import Message
from tickets.models.tickets import Ticket
from tickets.models.visibility import Reader, visible_by


class DraftQuerySet(models.QuerySet["Draft"]):
    def visible_to(self, user: Reader) -> Self:
        return cast("Self", visible_by(self, user, "ticket__conversation"))


class Draft(models.Model):
    """An answer that waits for an agent. `sentences` and `passages` are a snapshot of the run."""

    class Status(models.TextChoices):
        PENDING = "pending", "Waiting for review"
        APPROVED = "approved", "Approved"
        REJECTED = "rejected", "Rejected"
        # Its question has been answered in another way, or nobody waits for an answer any more.
        WITHDRAWN = "withdrawn", "Withdrawn"

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="drafts")
    question = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="drafts")
    run_id = models.UUIDField(unique=True)
    text = models.TextField(blank=True, help_text="What the bot would say.")
    sentences = models.JSONField(default=list, blank=True)
    passages = models.JSONField(
        default=list, blank=True, help_text="The passages found, best first, with scores."
    )
    status = models.CharField(max_length=20, choices=Status, default=Status.PENDING)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    reply = models.OneToOneField(
        Message, null=True, blank=True, on_delete=models.SET_NULL, related_name="from_draft"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = DraftQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return f"Draft for “{self.question.text[:60]}”"
