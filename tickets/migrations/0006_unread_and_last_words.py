"""What agents have read of a conversation, and the order of their list."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0005_sign_out"),
    ]

    operations = [
        migrations.AddField(
            model_name="conversation",
            name="seen_seq",
            field=models.PositiveIntegerField(
                default=0, help_text="Number of the newest event that an agent has read."
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                models.OrderBy(models.F("last_message_at"), descending=True, nulls_last=True),
                name="conversation_by_last_words",
            ),
        ),
    ]
