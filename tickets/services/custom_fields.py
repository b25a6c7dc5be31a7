"""Values of custom fields: read from what a form or a program sends, kept as JSON on the ticket.

Text is kept as it is, a number as int or float, a date as YYYY-MM-DD, a checkbox as true. What is
empty is not kept.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from tickets.models import CustomField, Ticket
from tickets.services import audit
from tickets.services.details import lock_ticket
from tickets.services.happenings import Happening, tell

Kind = CustomField.Kind
LONGEST = 1000
YES, NO = frozenset({"true", "on", "yes", "1"}), frozenset({"", "false", "off", "no", "0"})


class FieldError(ValueError):
    """The value does not fit its field. `str()` is a sentence for the agent."""


@dataclass(frozen=True)
class FieldValue:
    """A field with its value on one ticket; None where it has none."""

    field: CustomField
    value: Any


def fields_of(ticket: Ticket) -> list[FieldValue]:
    """Every field that is on, in order."""
    fields = CustomField.objects.filter(is_active=True)
    return [FieldValue(field, ticket.custom_fields.get(field.key)) for field in fields]


@transaction.atomic
def set_custom_field(
    *, ticket: Ticket, key: str, value: Any, agent: AbstractBaseUser | None
) -> Ticket:
    """Give the ticket a value, or with an empty one take it away. Raises FieldError."""
    field = CustomField.objects.filter(key=key, is_active=True).first()
    if field is None:
        raise FieldError(f"There is no field “{key}”.")
    checked = check_value(field, value)
    locked = lock_ticket(ticket)
    before = locked.custom_fields.get(key)
    if before == checked:
        return locked
    kept = {name: one for name, one in locked.custom_fields.items() if name != key}
    locked.custom_fields = kept if checked is None else {**kept, key: checked}
    locked.save(update_fields=["custom_fields", "updated_at"])
    audit.record(
        action="ticket.edited",
        target=locked,
        actor=agent,
        field=field.label,
        before=before,
        after=checked,
    )
    tell(Happening.EDITED, locked)
    return locked


def check_value(field: CustomField, value: Any) -> Any:
    """The value as it is kept; None for an empty one. Raises FieldError."""
    text = str(value).strip() if value is not None else ""
    if field.kind == Kind.CHECKBOX:
        if text.lower() not in YES | NO:
            raise FieldError(f"{field.label} is either on or off.")
        return True if text.lower() in YES else None
    if not text:
        return None
    if len(text) > LONGEST or "\x00" in text:
        raise FieldError(f"Shorten “{field.label}” to {LONGEST:,} characters.")
    if field.kind == Kind.NUMBER:
        return _number(field, text)
    if field.kind == Kind.DATE:
        try:
            return dt.date.fromisoformat(text).isoformat()
        except ValueError as error:
            raise FieldError(f"{field.label} is a day, such as 2026-11-28.") from error
    if field.kind == Kind.CHOICE and text not in field.choices:
        raise FieldError(f"{field.label} is one of: {', '.join(field.choices)}.")
    return text


def _number(field: CustomField, text: str) -> int | float:
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise FieldError(f"{field.label} is a number, such as 12.5.") from error
    if not number.is_finite() or abs(number) > Decimal(10) ** 15:
        raise FieldError(f"{field.label} is too large.")
    return int(number) if number == number.to_integral_value() else float(number)
