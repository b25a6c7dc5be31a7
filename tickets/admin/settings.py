"""The base of the desk's settings in the admin: every change of a form is in the audit log."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import transaction
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from tickets.admin.base import user_of
from tickets.models import Team
from tickets.services.desk_settings import record_setting, snapshot


class OfTeams:
    """Leaves out private teams of which the user knows nothing, and what is theirs."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)  # type: ignore[misc]
        known = Team.objects.known_to(user_of(request))
        return rows.filter(Q(team=None) | Q(team__in=known))

    def formfield_for_foreignkey(self, field: Any, request: HttpRequest, **given: Any) -> Any:
        if field.name == "team":
            given["queryset"] = Team.objects.known_to(user_of(request))
        return super().formfield_for_foreignkey(field, request, **given)  # type: ignore[misc]


class SettingAdmin(ModelAdmin):  # type: ignore[misc]  # unfold carries no types
    """Records what a form changed, with the rows that `parts` (names of relations) lead to."""

    parts: ClassVar[tuple[str, ...]] = ()

    def snapshot_of(self, setting: Model) -> dict[str, Any]:
        return snapshot(setting, {part: getattr(setting, part).all() for part in self.parts})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        kept = self.model._default_manager.get(pk=obj.pk) if change else None
        form.setting_before = self.snapshot_of(kept) if kept is not None else None
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        saved = self.model._default_manager.get(pk=form.instance.pk)
        record_setting(
            target=saved,
            agent=user_of(request),
            before=form.setting_before,
            after=self.snapshot_of(saved),
        )

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        with transaction.atomic():
            before = self.snapshot_of(obj)
            record_setting(target=obj, agent=user_of(request), before=before, after=None)
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        with transaction.atomic():
            for one in queryset:
                self.delete_model(request, one)
