"""E-mails that wait to be sent: rows written in the transaction of the messages they carry."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from tickets.models.conversations import Conversation, Message


class OutgoingEmail(models.Model):
    """One e-mail to a customer, with one or more messages of a conversation.

    Its Message-ID is fixed when the row is made: if a process dies between the mail server's yes
    and our mark, the same e-mail goes out again under the same id, and mail programs show it once.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENDING = "sending", "Being sent"
        SENT = "sent", "Sent"
        DROPPED = "dropped", "Not needed: read in the chat"
        FAILED = "failed", "Not sent"
        BOUNCED = "bounced", "Came back"

    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="outgoing_emails"
    )
    to = models.EmailField()
    is_transcript = models.BooleanField(
        default=False, help_text="The customer asked for the whole conversation."
    )
    message_id = models.CharField(
        "Message-ID", max_length=255, unique=True, help_text="With its angle brackets."
    )
    status = models.CharField(max_length=20, choices=Status, default=Status.WAITING)
    due_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        verbose_name = "outgoing e-mail"
        constraints: ClassVar = [
            # What is said until it is due goes into one e-mail.
            models.UniqueConstraint(
                fields=["conversation"],
                condition=Q(status="waiting", is_transcript=False),
                name="outgoing_email_one_waiting",
            )
        ]
        indexes: ClassVar = [
            # what the sender looks for every few seconds
            models.Index(
                fields=["due_at"],
                name="outgoing_email_due",
                condition=Q(status__in=["waiting", "sending"]),
            )
        ]

    def __str__(self) -> str:
        return f"E-mail to {self.to}"


class EmailedMessage(models.Model):
    """A message in an e-mail: in one at most."""

    email = models.ForeignKey(OutgoingEmail, on_delete=models.CASCADE, related_name="parts")
    message = models.OneToOneField(Message, on_delete=models.CASCADE, related_name="emailed")

    class Meta:
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return str(self.message)


class IdempotentRequest(models.Model):
    """A request over REST that was carried out, and its answer, for when it is sent again."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    digest = models.CharField(max_length=64, help_text="Of method, address and body.")
    status = models.PositiveSmallIntegerField()
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "key"], name="idempotent_request_once")
        ]

    def __str__(self) -> str:
        return self.key
