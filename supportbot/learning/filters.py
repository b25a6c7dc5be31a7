"""What the lists of this app share."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

ALL = "all"


class OpenUnlessAsked(admin.SimpleListFilter):
    """By status: those that are open, unless others are asked for."""

    title, parameter_name = "state", "state"
    open_as = "Open"
    others: ClassVar[list[tuple[str, str]]]  # (status, words)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*self.others, (ALL, "All")]

    def choices(self, changelist: Any) -> Any:
        """Django calls the empty choice “All”; here it is what is open."""
        first, *others = super().choices(changelist)
        yield {**first, "display": self.open_as}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value() or "open"
        return queryset if chosen == ALL else queryset.filter(status=chosen)
