"""Runs of one conversation in turn: results of stages, and whose documents they may read."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("answers", "0005_outcomes"),
        ("tickets", "0004_fill_order"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="answerrun", name="run_outcomes"),
        migrations.AddIndex(
            model_name="answerrun",
            index=models.Index(
                fields=["status", "delivery", "outcome", "first_sentence_ms"], name="run_outcomes"
            ),
        ),
        migrations.AddField(
            model_name="answerrun",
            name="reader",
            field=models.CharField(
                choices=[
                    ("public", "Everybody"),
                    ("customers", "Signed-in customers"),
                    ("internal", "Staff only"),
                ],
                default="public",
                help_text="Whose documents it may be answered from: the asker's, as they were signed in.",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="answerrun",
            name="results",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="What its stages have found, until the run ends.",
            ),
        ),
        migrations.AddField(
            model_name="answerrun",
            name="started_at",
            field=models.DateTimeField(blank=True, help_text="Its first attempt.", null=True),
        ),
        migrations.AlterField(
            model_name="answerrun",
            name="stages",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="Per stage and attempt: start and end in ms since the run began, the error.",
            ),
        ),
        migrations.AddIndex(
            model_name="answerrun",
            index=models.Index(
                condition=models.Q(("status__in", ["queued", "running"])),
                fields=["conversation"],
                name="run_unfinished_conversation",
            ),
        ),
    ]
