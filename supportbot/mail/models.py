"""E-mails that came in, and how the mailbox is doing."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from tickets.models import Conversation, Message


class IncomingEmail(models.Model):
    """An e-mail as it came, before anything is made of it, and what was made of it then."""

    class Status(models.TextChoices):
        NEW = "new", "Waiting"
        RECEIVED = "received", "In a conversation"
        IGNORED = "ignored", "Ignored"
        BOUNCE = "bounce", "Tells of a bounce"
        FAILED = "failed", "Could not be read"

    class Source(models.TextChoices):
        IMAP = "imap", "Mailbox"
        WEBHOOK = "webhook", "Webhook"

    mail_id = models.CharField("Message-ID", max_length=500, unique=True)
    source = models.CharField(max_length=20, choices=Source)
    raw = models.BinaryField(help_text="The e-mail itself, until it is dealt with.")
    sender = models.CharField(max_length=320, blank=True)
    subject = models.CharField(max_length=300, blank=True)
    status = models.CharField(max_length=20, choices=Status, default=Status.NEW)
    reason = models.CharField(max_length=300, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    conversation = models.ForeignKey(
        Conversation, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    message = models.OneToOneField(
        Message, null=True, blank=True, on_delete=models.CASCADE, related_name="incoming_email"
    )
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        verbose_name = "incoming e-mail"
        indexes: ClassVar = [
            # how many came from one address within the hour
            models.Index(fields=["sender", "received_at"], name="incoming_email_of_sender"),
            # what waits to be dealt with
            models.Index(
                fields=["due_at"], name="incoming_email_new", condition=models.Q(status="new")
            ),
        ]

    def __str__(self) -> str:
        return self.subject or "(no subject)"


class Mailbox(models.Model):
    """How far the mailbox has been read. One row, with a lease: one process polls at a time."""

    address = models.CharField(max_length=320, unique=True, help_text="user@host/folder")
    uid_validity = models.PositiveBigIntegerField(default=0)
    last_uid = models.PositiveBigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    last_poll_at = models.DateTimeField(null=True, blank=True)
    last_success_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)
    fetched = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name_plural = "mailboxes"

    def __str__(self) -> str:
        return self.address
