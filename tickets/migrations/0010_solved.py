"""“Resolved” is called “solved”, and an urgent conversation's ticket says so itself."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations
from django.db.models import F

URGENT = 40


def _forwards(apps: Any, schema_editor: Any) -> None:
    tickets = apps.get_model("tickets", "Ticket").objects
    tickets.filter(status="resolved").update(status="solved")
    tickets.update(status_changed_at=F("updated_at"))
    tickets.filter(conversation__is_urgent=True).update(priority=URGENT)


def _backwards(apps: Any, schema_editor: Any) -> None:
    tickets = apps.get_model("tickets", "Ticket").objects
    tickets.filter(status="solved").update(status="resolved")
    tickets.filter(status__in=["new", "reopened", "on_hold"]).update(status="open")


class Migration(migrations.Migration):
    dependencies: ClassVar = [("tickets", "0009_desk_foundation")]
    operations: ClassVar = [migrations.RunPython(_forwards, _backwards)]
