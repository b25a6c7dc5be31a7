"""Endpoints that there are go on being told of everything; new ones are not told of private teams
unless somebody says so."""

from typing import ClassVar

from django.db import migrations, models

HELP = "Also what happens to tickets of private teams, which their members alone see."


def _field(*, default: bool) -> "models.BooleanField[bool, bool]":
    return models.BooleanField("also private teams", default=default, help_text=HELP)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("webhooks", "0001_initial")]
    operations: ClassVar = [
        migrations.AddField("webhookendpoint", "covers_private", _field(default=True)),
        migrations.AlterField("webhookendpoint", "covers_private", _field(default=False)),
    ]
