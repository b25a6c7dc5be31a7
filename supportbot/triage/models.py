"""Intents with their examples, and what triage has found in each message."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models

from tickets.models import Message

OTHER = "other"  # what fits no intent
EXAMPLE_CHARACTERS = 500
UNHAPPY, HAPPY = -0.5, 0.5  # sentiments
URGENT = 0.8
_name = RegexValidator(
    r"^[a-z][a-z0-9_]*$", "Use lower-case letters, digits and underscores, such as order_status."
)


class Intent(models.Model):
    """What a customer may want. Policies know it by its name."""

    name = models.CharField(
        max_length=40,
        unique=True,
        validators=[_name],
        help_text="As rules of the policy write it, such as order_status.",
    )
    about = models.CharField(max_length=200, help_text="What the customer wants, in a few words.")
    is_on = models.BooleanField(
        "recognised",
        default=True,
        help_text="Switched off, no message gets it; its examples are kept.",
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return in_words(self.name)


class IntentExample(models.Model):
    """A message as customers write it. The intents are learned from these alone."""

    class Source(models.TextChoices):
        PRODUCT = "product", "Comes with the product"
        STAFF = "staff", "Written by staff"
        CORRECTION = "correction", "A corrected message"

    intent = models.ForeignKey(Intent, on_delete=models.CASCADE, related_name="examples")
    text = models.CharField(
        max_length=EXAMPLE_CHARACTERS, unique=True, help_text="A message as customers write it."
    )
    source = models.CharField(max_length=10, choices=Source, default=Source.STAFF, editable=False)
    # When the message is deleted, nothing of it stays here.
    message = models.ForeignKey(
        Message,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.CASCADE,
        related_name="+",
        help_text="The message that was corrected.",
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["intent", "text"]

    def __str__(self) -> str:
        return self.text


class MessageTriage(models.Model):
    """Of one message of a customer; of a question sent in several messages, with the first."""

    message = models.OneToOneField(
        Message, primary_key=True, on_delete=models.CASCADE, related_name="triage"
    )
    intent = models.CharField(max_length=40, blank=True, help_text="Empty if it is not known.")
    probability = models.FloatField(default=0.0, help_text="Of the intent.")
    sentiment = models.FloatField(default=0.0, help_text="From -1, bad, to 1, good.")
    urgency = models.FloatField(default=0.0, help_text="From 0 to 1.")
    topics = models.JSONField(default=list, blank=True, help_text="Sensitive topics.")
    language = models.CharField(max_length=10, blank=True)
    corrected_to = models.CharField(max_length=40, blank=True, help_text="The intent it has.")
    corrected_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    corrected_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "message triage"
        indexes: ClassVar = [
            # messages of an intent, newest first
            models.Index(fields=["intent", "-created_at"], name="triage_of_intent")
        ]

    def __str__(self) -> str:
        return f"Triage of {self.message_id}"

    @property
    def known_intent(self) -> str:
        """As corrected, if it was."""
        return self.corrected_to or self.intent

    @property
    def mood(self) -> str:
        """The sentiment in a word; "" in between."""
        if self.sentiment <= UNHAPPY:
            return "unhappy"
        return "happy" if self.sentiment >= HAPPY else ""

    @property
    def is_urgent(self) -> bool:
        return self.urgency >= URGENT

    def found_intent_in_words(self) -> str:
        return in_words(self.intent)

    def intent_in_words(self) -> str:
        return in_words(self.known_intent)

    def topics_in_words(self) -> list[str]:
        return [in_words(topic) for topic in self.topics]


def in_words(name: str) -> str:
    """“order_status” → “order status”."""
    return name.replace("_", " ")
