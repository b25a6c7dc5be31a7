"""Whom to tell, and what is to be told: a delivery is a row in the transaction of the change."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.validators import URLValidator
from django.db import models
from django.utils import timezone


class WebhookEndpoint(models.Model):
    """A program elsewhere that is told of what happens here."""

    url = models.URLField(
        "address", max_length=500, validators=[URLValidator(schemes=["https", "http"])]
    )
    description = models.CharField(max_length=200, blank=True)
    types = ArrayField(
        models.CharField(max_length=60),
        default=list,
        blank=True,
        verbose_name="events",
        help_text="Separated by commas; empty: all. “ticket.*” is everything about tickets.",
    )
    secret_variable = models.CharField(
        "variable with the secret",
        max_length=100,
        blank=True,
        help_text="Name of an environment variable. Empty: a secret is made, and shown once.",
    )
    secret_salt = models.UUIDField(default=uuid.uuid4, editable=False)
    covers_private = models.BooleanField(
        "also private teams",
        default=False,
        help_text="Also what happens to tickets of private teams, which their members alone see.",
    )
    is_on = models.BooleanField("on", default=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    disabled_reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return self.description or self.url

    def wants(self, type: str) -> bool:
        area = f"{type.partition('.')[0]}.*"
        return not self.types or type in self.types or area in self.types


class WebhookDelivery(models.Model):
    """One event for one endpoint: the outbox, and afterwards the log."""

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Given up"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    endpoint = models.ForeignKey(
        WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries"
    )
    type = models.CharField("event", max_length=60)
    payload = models.JSONField()
    status = models.CharField(max_length=20, choices=Status, default=Status.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    response_status = models.PositiveSmallIntegerField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)
    milliseconds = models.PositiveIntegerField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-created_at"]
        verbose_name_plural = "webhook deliveries"
        indexes: ClassVar = [
            # what the sender looks for every few seconds
            models.Index(
                fields=["due_at"], name="webhook_due", condition=models.Q(status="waiting")
            ),
            # the log of one endpoint, newest first
            models.Index(fields=["endpoint", "-created_at"], name="webhook_log"),
        ]

    def __str__(self) -> str:
        return f"{self.type} for {self.endpoint}"
