"""Files that came with messages."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models

from tickets.models.conversations import Message


class Attachment(models.Model):
    """A file of a message. One that was refused has no file and says why."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="attachments")
    name = models.CharField(max_length=200, help_text="As its sender calls it.")
    file = models.FileField(upload_to="attachments", max_length=200, blank=True)
    content_type = models.CharField(max_length=100, blank=True, help_text="By its content.")
    size = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    refused = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["created_at", "name"]

    def __str__(self) -> str:
        return self.name
