"""One reply for each manner, to be changed in the admin."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

MANNERS = [
    "greeting",
    "thanks",
    "goodbye",
    "are_you_a_bot",
    "what_can_you_do",
    "acknowledgement",
    "not_helped",
    "complaint",
    "insult",
    "person",
    "small_talk",
]


def add_replies(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    replies = apps.get_model("manners", "MannerReply").objects
    for manner in MANNERS:
        replies.get_or_create(manner=manner)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("manners", "0001_initial")]
    operations: ClassVar = [migrations.RunPython(add_replies, migrations.RunPython.noop)]
