"""Whom the product talks with."""

from __future__ import annotations

import uuid
from typing import ClassVar, Self

from django.db import models

from tickets.models.visibility import Reader, hidden_customers, sees_all


class CustomerQuerySet(models.QuerySet["Customer"]):
    def visible_to(self, user: Reader) -> Self:
        if not user.is_authenticated:
            return self.none()
        return self if sees_all(user) else self.exclude(pk__in=hidden_customers(user))


class Customer(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200, blank=True)
    email = models.EmailField(blank=True)
    contact_email = models.EmailField(
        blank=True, help_text="Left in the chat for replies; nothing proves that it is theirs."
    )
    contact_page = models.URLField(
        max_length=500, blank=True, help_text="Where they chat; e-mails lead back to it."
    )
    email_bounced_at = models.DateTimeField(
        null=True, blank=True, help_text="E-mail to the address came back; none is sent since."
    )
    email_bounce = models.CharField(
        max_length=300, blank=True, help_text="What the mail server said."
    )
    last_seen_at = models.DateTimeField(
        null=True, blank=True, help_text="When the chat was last open."
    )
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

    objects = CustomerQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return self.name or self.mail_address or f"Visitor {str(self.id)[:8]}"

    @property
    def mail_address(self) -> str:
        """Where e-mail to them goes; "" where no address is known."""
        return self.email or self.contact_email
