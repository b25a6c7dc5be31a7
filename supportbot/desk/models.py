"""What the desk keeps for agents: words not sent yet, replies on their way, preferences."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from tickets.models import Attachment, Draft, Message, Ticket


class KeptText(models.Model):
    """What an agent has typed and not sent, so that another tab, or tomorrow, goes on with it."""

    class Kind(models.TextChoices):
        REPLY = "reply", "Reply"
        NOTE = "note", "Internal note"

    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="kept_texts"
    )
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="kept_texts")
    kind = models.CharField(max_length=10, choices=Kind)
    text = models.TextField()
    draft = models.ForeignKey(
        Draft,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="The bot's draft that these words began as.",
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["agent", "ticket", "kind"], name="kept_text_unique")
        ]

    def __str__(self) -> str:
        return self.text[:60]


class OutgoingReply(models.Model):
    """A reply that is sent at `due_at`, once, unless its agent takes it back before."""

    class Status(models.TextChoices):
        WAITING = "waiting", "On its way"
        SENT = "sent", "Sent"
        CANCELLED = "cancelled", "Taken back"
        HELD = "held", "Held back"  # something has happened meanwhile; see `problem`

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="outgoing")
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    text = models.TextField()
    draft = models.ForeignKey(
        Draft, null=True, blank=True, on_delete=models.CASCADE, related_name="outgoing"
    )
    files = models.ManyToManyField(Attachment, blank=True, related_name="outgoing")
    client_id = models.CharField(
        max_length=100, help_text="The page's own id; sent twice, kept once."
    )
    seen_seq = models.PositiveIntegerField(help_text="The newest event that the agent had seen.")
    is_later = models.BooleanField("send later", default=False)
    due_at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING)
    problem = models.CharField(max_length=300, blank=True)
    message = models.OneToOneField(
        Message, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["due_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["ticket", "client_id"], name="outgoing_once"),
            # A draft is decided once, so it is on its way once.
            models.UniqueConstraint(
                fields=["draft"], condition=Q(status="waiting"), name="outgoing_draft_once"
            ),
        ]
        indexes: ClassVar = [
            # the sender: what is due
            models.Index(fields=["due_at"], name="outgoing_due", condition=Q(status="waiting")),
        ]

    def __str__(self) -> str:
        return f"Reply to #{self.ticket_id}"


class DeskPreference(models.Model):
    """How one agent likes the desk."""

    agent = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        primary_key=True,
        on_delete=models.CASCADE,
        related_name="desk_preference",
    )
    opens_next = models.BooleanField("open the next ticket after sending", default=True)
    has_keys = models.BooleanField("single keys do things", default=True)

    def __str__(self) -> str:
        return f"Preferences of {self.agent}"
