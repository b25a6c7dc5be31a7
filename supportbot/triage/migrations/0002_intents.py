"""The intents that come with the product, with their examples, from intents.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import ClassVar

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

FILE = Path(__file__).parents[1] / "intents.toml"


def add_intents(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    intents = apps.get_model("triage", "Intent").objects
    examples = apps.get_model("triage", "IntentExample").objects
    for name, parts in tomllib.loads(FILE.read_text("utf-8")).items():
        intent, _ = intents.get_or_create(name=name, defaults={"about": parts["about"]})
        for text in parts["examples"]:
            defaults = {"intent": intent, "source": "product"}
            examples.get_or_create(text=text, defaults=defaults)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("triage", "0001_initial")]
    operations: ClassVar = [migrations.RunPython(add_intents, migrations.RunPython.noop)]
