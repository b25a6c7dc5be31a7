"""The audit trail of what the desk works by: calendars, policies, replies, macros, fields, rules.

They are edited in the admin's forms; what a form changed is recorded in the same transaction.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.forms.models import model_to_dict

from tickets.services import audit

_plain = DjangoJSONEncoder()


def snapshot(target: models.Model, rows: dict[str, models.QuerySet[Any]]) -> dict[str, Any]:
    """The setting's fields, and in words the `rows` that belong to it, as JSON keeps them."""
    values = {
        name: _as_json(value)
        for name, value in model_to_dict(target).items()
        if name != target._meta.pk.name
    }
    return values | {name: sorted(str(row) for row in found) for name, found in rows.items()}


def record_setting(
    *,
    target: models.Model,
    agent: AbstractBaseUser,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> None:
    """Note that a setting was added (no `before`), changed, or removed (no `after`)."""
    changed = sorted(
        name
        for name in {*(before or {}), *(after or {})}
        if (before or {}).get(name) != (after or {}).get(name)
    )
    if not changed:
        return
    action = "setting.changed"
    if before is None or after is None:
        action = "setting.added" if before is None else "setting.removed"
    audit.record(
        action=action,
        target=target,
        actor=agent,
        name=str(target),
        before={name: before.get(name) for name in changed} if before is not None else None,
        after={name: after.get(name) for name in changed} if after is not None else None,
    )


def _as_json(value: Any) -> Any:
    if isinstance(value, list | tuple | set | models.QuerySet):
        return sorted(str(one) for one in value) if _holds_rows(value) else list(value)
    if isinstance(value, str | int | float | bool | dict) or value is None:
        return value
    return _plain.encode(value).strip('"')


def _holds_rows(values: Any) -> bool:
    return any(isinstance(one, models.Model) for one in values)
