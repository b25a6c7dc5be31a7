"""AnswerConfiguration: a version of what decides an answer; Activation: which one is in effect."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from supportbot.configuration.content import Configuration


class AnswerConfiguration(models.Model):
    """A draft, or a version that nothing changes any more: the database refuses it."""

    class Origin(models.TextChoices):
        ENVIRONMENT = "environment", "The environment"
        PERSON = "person", "A person"

    origin = models.CharField(max_length=20, choices=Origin, default=Origin.PERSON)
    content = models.JSONField()
    sha256 = models.CharField(max_length=64)
    note = models.CharField(
        max_length=200, blank=True, help_text="What changes, and why, for those who come after."
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    author_name = models.CharField(max_length=200, blank=True, help_text="As it was then.")
    based_on = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    is_draft = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "configuration"
        ordering: ClassVar = ["-id"]
        permissions: ClassVar = [("publish_answerconfiguration", "Can publish configurations")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["sha256"],
                condition=Q(origin="environment"),
                name="configuration_of_environment_once",
            )
        ]

    def __str__(self) -> str:
        return f"Version {self.pk}"

    @cached_property
    def parsed(self) -> Configuration:
        return Configuration.model_validate(self.content)


class Activation(models.Model):
    """A configuration came into effect; the latest one counts. Without a configuration, the
    environment decides again. Rows are only ever added."""

    configuration = models.ForeignKey(
        AnswerConfiguration,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="activations",
    )
    by_name = models.CharField(max_length=200, help_text="As it was then.")
    note = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return str(self.configuration or "The environment")
