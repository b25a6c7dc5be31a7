"""`manage.py migrate` as the owner of the tables, where that is another role than the product's."""

from __future__ import annotations

from typing import Any

from django.core.management.commands.migrate import Command as Migrate

from supportbot.owner import as_owner, hand_over


class Command(Migrate):
    def handle(self, *args: Any, **options: Any) -> None:
        with as_owner() as application:
            super().handle(*args, **options)
            if application and _is_complete(options):
                hand_over(application)


def _is_complete(options: dict[str, Any]) -> bool:
    """Whether every table is there: not after a plan, a check, or a step back."""
    asked = ("plan", "check_unapplied", "app_label", "migration_name")
    return not any(options.get(name) for name in asked)
