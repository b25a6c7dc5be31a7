"""How a conversation ends and goes on, the order of its messages, and who has signed in."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0002_audit_append_only"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="message",
            options={"ordering": ["seq", "created_at", "id"]},
        ),
        migrations.AddField(
            model_name="message",
            name="awaits_answer",
            field=models.BooleanField(
                default=False,
                help_text="The bot has a question before it that it has not done with.",
            ),
        ),
        migrations.AddField(
            model_name="conversation",
            name="closed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="conversation",
            name="closed_by",
            field=models.CharField(
                blank=True,
                choices=[
                    ("customer", "The customer"),
                    ("agent", "An agent"),
                    ("time", "Time without a message"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="conversation",
            name="continued_in",
            field=models.OneToOneField(
                blank=True,
                help_text="The conversation that the customer's next message began.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="continues",
                to="tickets.conversation",
            ),
        ),
        migrations.AddField(
            model_name="conversation",
            name="last_message_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="customer",
            name="external_id",
            field=models.CharField(
                blank=True,
                help_text="The company's own id of a customer who signed in.",
                max_length=200,
                null=True,
                unique=True,
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="joined_to",
            field=models.ForeignKey(
                blank=True,
                help_text="The message a moment before, with which it is one question.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="joined",
                to="tickets.message",
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="reply_to",
            field=models.ForeignKey(
                blank=True,
                help_text="The question it answers.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="replies",
                to="tickets.message",
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="seq",
            field=models.PositiveIntegerField(
                default=0,
                help_text="Number of the event that showed it: the order of the conversation.",
            ),
        ),
        migrations.AlterField(
            model_name="conversation",
            name="state",
            field=models.CharField(
                choices=[
                    ("bot", "The bot answers"),
                    ("waiting", "Waiting for a person"),
                    ("agent", "A person answers"),
                    ("closed", "Closed"),
                ],
                default="bot",
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="draft",
            name="status",
            field=models.CharField(
                choices=[
                    ("pending", "Waiting for review"),
                    ("approved", "Approved"),
                    ("rejected", "Rejected"),
                    ("withdrawn", "Withdrawn"),
                ],
                default="pending",
                max_length=20,
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                condition=models.Q(("state", "closed"), _negated=True),
                fields=["last_message_at"],
                name="conversation_not_closed",
            ),
        ),
    ]
