"""What the bot does in each channel."""

from __future__ import annotations

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models

from tickets.models.conversations import Conversation


class ChannelMode(models.Model):
    """A channel's mode, as it was set by hand; empty where the configuration decides."""

    class Channel(models.TextChoices):
        CHAT = "chat", "Chat (widget)"
        EMAIL = "email", "E-mail"
        API = "api", "OpenAI-compatible API"

    channel = models.CharField(max_length=20, choices=Channel, unique=True, editable=False)
    mode = models.CharField(
        max_length=20,
        choices=Conversation.Mode,
        blank=True,
        help_text="It holds at once. Empty: as the configuration says.",
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["pk"]
        verbose_name = "mode of a channel"
        verbose_name_plural = "modes of channels"

    def __str__(self) -> str:
        return str(self.get_channel_display())

    def clean(self) -> None:
        """Behind the API nobody reads drafts."""
        by_people = {Conversation.Mode.DRAFT, Conversation.Mode.SUGGEST}
        if self.channel == self.Channel.API and self.mode in by_people:
            raise ValidationError(
                {"mode": "The API answers or is off: no agent sees what is asked there."}
            )
