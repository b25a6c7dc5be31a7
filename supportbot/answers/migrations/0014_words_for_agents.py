"""Names for the calls that help agents: a summary, and a text reworded."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("answers", "0013_stopped"),
    ]

    operations = [
        migrations.AlterField(
            model_name="modelcall",
            name="operation",
            field=models.CharField(
                choices=[
                    ("answer", "Answer"),
                    ("rewrite", "Rewrite of the question"),
                    ("check", "Check"),
                    ("judge", "Second opinion"),
                    ("trial", "Trial of a route"),
                    ("summary", "Summary for an agent"),
                    ("reword", "Agent’s text reworded"),
                ],
                max_length=20,
            ),
        ),
    ]
