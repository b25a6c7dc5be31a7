"""Files of messages and of internal notes."""

from __future__ import annotations

import uuid
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from tickets.models.conversations import Conversation, Message
from tickets.models.notes import Note
from tickets.models.tickets import Ticket
from tickets.models.visibility import Reader


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def visible_to(self, user: Reader) -> Self:
        """Of what the user may see; what is not sent yet only for whoever added it."""
        tickets = Ticket.objects.visible_to(user)
        return self.filter(
            Q(message__in=Message.objects.visible_to(user))
            | Q(note__ticket__in=tickets)
            | Q(ticket__in=tickets, uploaded_by=user.pk)
        )


class Attachment(models.Model):
    """A file of a message or a note; before it is sent, of the ticket or the conversation alone.
    One that was refused has no file and says why."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    message = models.ForeignKey(
        Message, null=True, blank=True, on_delete=models.CASCADE, related_name="attachments"
    )
    note = models.ForeignKey(
        Note, null=True, blank=True, on_delete=models.CASCADE, related_name="attachments"
    )
    ticket = models.ForeignKey(
        Ticket,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="unsent_attachments",
        help_text="The ticket that it was added to, until it is sent.",
    )
    conversation = models.ForeignKey(
        Conversation,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="unsent_files",
        help_text="Where the customer added it, until they send it.",
    )
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="The agent who added it.",
    )
    is_internal = models.BooleanField(default=False, help_text="It is for a note, not a reply.")
    name = models.CharField(max_length=200, help_text="As its sender calls it.")
    file = models.FileField(upload_to="attachments", max_length=200, blank=True)
    content_type = models.CharField(max_length=100, blank=True, help_text="By its content.")
    size = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    text = models.TextField(blank=True, help_text="What was read in a customer's file.")
    refused = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["created_at", "name"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(message__isnull=False, note=None, ticket=None, conversation=None)
                | Q(message=None, note__isnull=False, ticket=None, conversation=None)
                | Q(message=None, note=None, ticket__isnull=False, conversation=None)
                | Q(message=None, note=None, ticket=None, conversation__isnull=False),
                name="attachment_of_one",
            )
        ]

    def __str__(self) -> str:
        return self.name
