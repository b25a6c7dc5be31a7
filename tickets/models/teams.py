"""Who works together."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.db import models

from tickets.models.visibility import Reader, closed_teams, sees_all


class TeamQuerySet(models.QuerySet["Team"]):
    def visible_to(self, user: Reader) -> Self:
        if not user.is_authenticated:
            return self.none()
        return self if sees_all(user) else self.exclude(pk__in=closed_teams(user))

    def known_to(self, user: Reader) -> Self:
        """Whose names the user may read: all, for who makes teams."""
        makes = getattr(user, "has_perm", lambda _: False)("tickets.change_team")
        return self if makes else self.visible_to(user)


class Team(models.Model):
    name = models.CharField(max_length=100, unique=True)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="teams")
    is_private = models.BooleanField(
        "private", default=False, help_text="Only its members see its tickets."
    )

    objects = TeamQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name
