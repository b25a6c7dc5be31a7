"""Fields of tickets that a company defines for itself."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models


class CustomField(models.Model):
    """Its values are stored on tickets, in `custom_fields` under `key`; see
    tickets.services.custom_fields."""

    class Kind(models.TextChoices):
        TEXT = "text", "Text"
        NUMBER = "number", "Number"
        CHOICE = "choice", "Choice"
        DATE = "date", "Date"
        CHECKBOX = "checkbox", "Checkbox"

    key = models.CharField(
        max_length=40,
        unique=True,
        validators=[RegexValidator(r"^[a-z][a-z0-9_]*\Z", "Use small letters, digits and _.")],
        help_text="Its name in rules and in the API, such as order_number. It cannot be changed.",
    )
    label = models.CharField(max_length=100, help_text="What agents read.")
    kind = models.CharField(max_length=20, choices=Kind)
    choices = ArrayField(
        models.CharField(max_length=100),
        default=list,
        blank=True,
        help_text="Of a choice: its values, separated by commas.",
    )
    is_required = models.BooleanField(
        "required to solve", default=False, help_text="An agent cannot solve a ticket without it."
    )
    is_active = models.BooleanField("on", default=True)
    position = models.PositiveSmallIntegerField(default=10)

    class Meta:
        ordering: ClassVar = ["position", "label"]

    def __str__(self) -> str:
        return self.label

    def clean(self) -> None:
        if (self.kind == self.Kind.CHOICE) != bool(self.choices):
            words = "A choice needs its values; the other kinds have none."
            raise ValidationError({"choices": words})
