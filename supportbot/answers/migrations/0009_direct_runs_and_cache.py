"""A run needs no conversation; answers are kept for whoever asks the same."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("answers", "0008_model_calls"),
        ("tickets", "0006_unread_and_last_words"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CacheCheck",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("question", models.TextField()),
                (
                    "agrees",
                    models.BooleanField(
                        help_text="The new answer rests on what the cached one rests on."
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ["-created_at"],
            },
        ),
        migrations.CreateModel(
            name="CachedAnswer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "key",
                    models.CharField(help_text="See knowledge.text.same_question.", max_length=64),
                ),
                (
                    "binding",
                    models.CharField(help_text="Identifies what decides an answer.", max_length=64),
                ),
                (
                    "reader",
                    models.CharField(
                        choices=[
                            ("public", "Everybody"),
                            ("customers", "Signed-in customers"),
                            ("internal", "Staff only"),
                        ],
                        max_length=20,
                    ),
                ),
                ("question", models.TextField()),
                (
                    "sentences",
                    models.JSONField(help_text="As the customer saw them, with their citations."),
                ),
                (
                    "cited",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(),
                        help_text="Ids of the passages it cites.",
                        size=None,
                    ),
                ),
                (
                    "best",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(),
                        help_text="Ids of the best passages, in order.",
                        size=None,
                    ),
                ),
                ("revision", models.BigIntegerField()),
                ("day", models.DateField()),
                ("model", models.CharField(max_length=300)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "checked_at",
                    models.DateTimeField(
                        auto_now_add=True, help_text="When its passages were last the best."
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at"],
            },
        ),
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
        migrations.AddField(
            model_name="answerrun",
            name="source_run",
            field=models.ForeignKey(
                blank=True,
                help_text="The run that wrote the answer, if it was given before.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="answers.answerrun",
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
            name="delivery",
            field=models.CharField(
                choices=[
                    ("stream", "Sent at once"),
                    ("draft", "Draft for review"),
                    ("compared", "Not sent: to compare a cached answer"),
                ],
                max_length=20,
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
        migrations.AddField(
            model_name="cachecheck",
            name="cached_run",
            field=models.ForeignKey(
                help_text="The run whose answer was given again.",
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="answers.answerrun",
            ),
        ),
        migrations.AddField(
            model_name="cachecheck",
            name="new_run",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="answers.answerrun",
            ),
        ),
        migrations.AddField(
            model_name="cachedanswer",
            name="run",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="cached_answers",
                to="answers.answerrun",
            ),
        ),
        migrations.AddConstraint(
            model_name="cachedanswer",
            constraint=models.UniqueConstraint(
                fields=("key", "binding", "reader"), name="cached_answer_unique"
            ),
        ),
    ]
