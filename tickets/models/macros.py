"""Words and steps that agents use again and again."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

from tickets.models.teams import Team
from tickets.models.tickets import Category, Tag, Ticket
from tickets.variables import check_variables


class SavedReply(models.Model):
    """A reply with variables such as {{ customer.first_name | there }}; see tickets.variables."""

    name = models.CharField(max_length=100, unique=True)
    text = models.TextField(validators=[check_variables])
    team = models.ForeignKey(
        Team,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="saved_replies",
        help_text="Whose it is. Empty: everybody's.",
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["name"]
        verbose_name_plural = "saved replies"

    def __str__(self) -> str:
        return self.name


class Macro(models.Model):
    """Steps that an agent applies to a ticket at once, or a rule does."""

    name = models.CharField(max_length=100, unique=True)
    about = models.CharField(max_length=200, blank=True)
    team = models.ForeignKey(
        Team,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="macros",
        help_text="Whose it is. Empty: everybody's.",
    )
    is_active = models.BooleanField("on", default=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class MacroStep(models.Model):
    class Kind(models.TextChoices):
        REPLY = "reply", "Reply"
        NOTE = "note", "Note"
        STATUS = "status", "Set the status"
        PRIORITY = "priority", "Set the priority"
        ADD_TAG = "add_tag", "Add a tag"
        REMOVE_TAG = "remove_tag", "Remove a tag"
        ASSIGNEE = "assignee", "Assign"
        TEAM = "team", "Set the team"
        CATEGORY = "category", "Set the category"

    macro = models.ForeignKey(Macro, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=20, choices=Kind)
    text = models.TextField(blank=True, validators=[check_variables])
    status = models.CharField(max_length=20, choices=Ticket.Status, blank=True)
    priority = models.PositiveSmallIntegerField(choices=Ticket.Priority, null=True, blank=True)
    tag = models.ForeignKey(Tag, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        limit_choices_to={"is_staff": True},
        help_text="Empty: whoever applies it.",
    )
    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    category = models.ForeignKey(
        Category, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )

    class Meta:
        ordering: ClassVar = ["position", "pk"]

    # The field that a step cannot do without. The others may be empty: nobody, no team, none.
    NEEDS: ClassVar[dict[str, str]] = {
        Kind.REPLY: "text",
        Kind.NOTE: "text",
        Kind.STATUS: "status",
        Kind.PRIORITY: "priority",
        Kind.ADD_TAG: "tag",
        Kind.REMOVE_TAG: "tag",
    }

    def __str__(self) -> str:
        value = getattr(self, self.value_name)
        shown = getattr(self, f"get_{self.value_name}_display", lambda: value)()
        return f"{self.get_kind_display()}: {shown or '-'}"

    @property
    def value_name(self) -> str:
        """The field that this kind of step reads."""
        return self.NEEDS.get(self.kind, self.kind)

    def clean(self) -> None:
        needed = self.NEEDS.get(self.kind)
        if needed and getattr(self, needed) in (None, ""):
            label = self.get_kind_display()
            raise ValidationError({needed: f"“{label}” needs this field."})
