"""A conversation that follows on a private team's ticket is that team's until it has a ticket."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("tickets", "0028_language_of_conversation")]
    operations: ClassVar = [
        migrations.AddField(
            model_name="conversation",
            name="team_before",
            field=models.ForeignKey(
                blank=True,
                help_text="Whose the ticket was that it follows on, until it has a ticket itself.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="tickets.team",
            ),
        ),
    ]
