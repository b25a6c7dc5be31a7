"""A name for the calls that write down speech."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("answers", "0014_words_for_agents"),
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
                    ("transcribe", "Speech written down"),
                ],
                max_length=20,
            ),
        ),
    ]
