"""What a PATCH of a ticket may name, and the services that carry it out: all of it or nothing."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from tickets.models import Category, Tag, Team, Ticket
from tickets.services.details import (
    add_tag,
    change_category,
    change_priority,
    change_subject,
    change_team,
    remove_tag,
)
from tickets.services.tickets import assign, change_status
from tickets.states import TransitionError


class ChangeRequest(serializers.Serializer[Any]):
    status = serializers.ChoiceField(Ticket.Status.choices, required=False)
    reason = serializers.CharField(
        required=False, allow_blank=True, max_length=200, help_text="Of the status."
    )
    subject = serializers.CharField(required=False, max_length=200)
    priority = serializers.ChoiceField(Ticket.Priority.choices, required=False)
    category = serializers.SlugRelatedField(
        slug_field="name", queryset=Category.objects.all(), required=False, allow_null=True
    )
    team = serializers.SlugRelatedField(
        slug_field="name", queryset=Team.objects.all(), required=False, allow_null=True
    )
    assignee = serializers.SlugRelatedField(
        slug_field="username",
        queryset=User.objects.filter(is_staff=True, is_active=True),
        required=False,
        allow_null=True,
        help_text="A user name; null: nobody.",
    )
    tags = serializers.ListField(
        child=serializers.CharField(max_length=50), required=False, max_length=30
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not set(attrs) - {"reason"}:
            raise serializers.ValidationError({"status": ["Name what is to be changed."]})
        return attrs


@transaction.atomic
def apply_changes(ticket: Ticket, wanted: dict[str, Any], agent: User) -> None:
    """Raises TransitionError, and ValidationError on what the ticket's rules do not allow."""
    try:
        if "subject" in wanted:
            change_subject(ticket=ticket, subject=wanted["subject"], agent=agent)
        if "priority" in wanted:
            change_priority(ticket=ticket, priority=wanted["priority"], agent=agent)
        if "category" in wanted:
            change_category(ticket=ticket, category=wanted["category"], agent=agent)
        if "team" in wanted:
            change_team(ticket=ticket, team=wanted["team"], agent=agent)
        if "tags" in wanted:
            _set_tags(ticket, wanted["tags"], agent)
        if "assignee" in wanted:
            assign(ticket=ticket, assignee=wanted["assignee"], agent=agent)
        if "status" in wanted:
            change_status(
                ticket=ticket,
                status=wanted["status"],
                agent=agent,
                reason=wanted.get("reason", ""),
            )
    except TransitionError:
        raise
    except ValueError as error:
        raise ValidationError({"non_field_errors": [str(error)]}) from error


def _set_tags(ticket: Ticket, names: list[str], agent: User) -> None:
    wanted = {name.strip() for name in names if name.strip()}
    for tag in ticket.tags.exclude(name__in=wanted):
        remove_tag(ticket=ticket, tag=tag, agent=agent)
    for name in sorted(wanted):
        tag, _ = Tag.objects.get_or_create(name=name)
        add_tag(ticket=ticket, tag=tag, agent=agent)
