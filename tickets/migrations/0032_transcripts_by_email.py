"""Transcripts by e-mail, which do not wait with the replies."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0031_search_by_team"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="outgoingemail",
            name="outgoing_email_one_waiting",
        ),
        migrations.AddField(
            model_name="outgoingemail",
            name="is_transcript",
            field=models.BooleanField(
                default=False, help_text="The customer asked for the whole conversation."
            ),
        ),
        migrations.AddConstraint(
            model_name="outgoingemail",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_transcript", False), ("status", "waiting")),
                fields=("conversation",),
                name="outgoing_email_one_waiting",
            ),
        ),
    ]
