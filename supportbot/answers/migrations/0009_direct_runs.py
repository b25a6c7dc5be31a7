"""A run needs no conversation: a program may ask."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("answers", "0007_answers_reply_to_questions"),
        ("tickets", "0006_unread_and_last_words"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="answerrun",
            name="asked_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="answerrun",
            name="customer",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="tickets.customer",
            ),
        ),
        migrations.AddField(
            model_name="answerrun",
            name="history",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="What was said before: author and text of each turn.",
            ),
        ),
        migrations.AddField(
            model_name="answerrun",
            name="question_text",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="answerrun",
            name="reply",
            field=models.JSONField(
                blank=True, default=dict, help_text="What was answered: text, sentences, choices."
            ),
        ),
        migrations.AlterField(
            model_name="answerrun",
            name="conversation",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="runs",
                to="tickets.conversation",
            ),
        ),
        migrations.AlterField(
            model_name="answerrun",
            name="question",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="run",
                to="tickets.message",
            ),
        ),
        migrations.AddConstraint(
            model_name="answerrun",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("conversation", None), ("question", None)),
                    models.Q(("conversation__isnull", False), ("question__isnull", False)),
                    _connector="OR",
                ),
                name="run_conversation_has_question",
            ),
        ),
    ]
