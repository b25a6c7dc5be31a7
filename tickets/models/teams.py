"""Who works together."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models


class Team(models.Model):
    name = models.CharField(max_length=100, unique=True)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="teams")
    is_private = models.BooleanField(
        "private", default=False, help_text="Only its members see its tickets."
    )

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name
