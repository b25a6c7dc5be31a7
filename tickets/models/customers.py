"""Whom the product talks with."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models


class Customer(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200, blank=True)
    email = models.EmailField(blank=True)
    signed_out_at = models.DateTimeField(
        null=True, blank=True, help_text="Tokens from before are refused."
    )
    external_id = models.CharField(
        max_length=200,
        null=True,
        blank=True,
        unique=True,
        help_text="The company's own id of a customer who signed in.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return self.name or self.email or f"Visitor {str(self.id)[:8]}"
