"""What staff may change: the reply to each manner, and examples of messages."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Manner(models.TextChoices):
    GREETING = "greeting", "Greeting"
    THANKS = "thanks", "Thanks"
    GOODBYE = "goodbye", "Goodbye"
    ARE_YOU_A_BOT = "are_you_a_bot", "“Are you a bot?”"
    WHAT_CAN_YOU_DO = "what_can_you_do", "“What can you do?”"
    ACKNOWLEDGEMENT = "acknowledgement", "“OK”"
    NOT_HELPED = "not_helped", "“That did not help”"
    COMPLAINT = "complaint", "Complaint"
    INSULT = "insult", "Insult"
    PERSON = "person", "Wish for a person"
    SMALL_TALK = "small_talk", "Other small talk"


class MannerReply(models.Model):
    manner = models.CharField("kind", max_length=20, choices=Manner, unique=True)
    text = models.TextField(
        max_length=500,
        blank=True,
        help_text="What the bot says. Leave it empty for the reply that comes with the product.",
    )
    is_on = models.BooleanField(
        "recognised",
        default=True,
        help_text="Switched off, such messages are looked up in the documents like any question.",
    )

    class Meta:
        ordering: ClassVar = ["manner"]
        verbose_name = "small talk reply"
        verbose_name_plural = "small talk replies"

    def __str__(self) -> str:
        return self.get_manner_display()


class MannerExample(models.Model):
    """An example message of a manner; without a manner, of a question to the documents."""

    text = models.CharField(
        max_length=200, unique=True, help_text="A message as customers write it."
    )
    manner = models.CharField(
        "kind",
        max_length=20,
        choices=Manner,
        blank=True,
        help_text="Leave it empty if this is a question that the documents answer.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["manner", "text"]
        verbose_name = "small talk example"

    def __str__(self) -> str:
        return self.text
