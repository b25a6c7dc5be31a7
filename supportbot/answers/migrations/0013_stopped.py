"""Answers that the customer stopped."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("answers", "0012_fired_rules"),
    ]

    operations = [
        migrations.AlterField(
            model_name="answerrun",
            name="outcome",
            field=models.CharField(
                blank=True,
                choices=[
                    ("answered", "Answered"),
                    ("no_answer", "No answer in the documents"),
                    ("asked_back", "Asked back"),
                    ("small_talk", "Small talk"),
                    ("refused", "Refused by policy"),
                    ("handed_over", "Handed over to a person"),
                    ("stopped", "Stopped by the customer"),
                    ("failed", "Failed"),
                ],
                max_length=20,
            ),
        ),
    ]
