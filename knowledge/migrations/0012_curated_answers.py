"""Answers that people wrote, their questions and their sources."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import knowledge.models.documents


class Migration(migrations.Migration):
    dependencies = [
        ("knowledge", "0011_checked_publication"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CuratedAnswer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "text",
                    models.TextField(
                        help_text="As customers read it. Lines that begin with “- ” are a list.",
                        max_length=5000,
                    ),
                ),
                (
                    "audience",
                    models.CharField(
                        choices=[
                            ("public", "Everybody"),
                            ("customers", "Signed-in customers"),
                            ("internal", "Staff only"),
                        ],
                        default="public",
                        help_text="Who may get it.",
                        max_length=20,
                    ),
                ),
                (
                    "locale",
                    models.CharField(
                        default=knowledge.models.documents.default_locale,
                        help_text="A language tag, such as en.",
                        max_length=35,
                        verbose_name="language",
                    ),
                ),
                (
                    "effective_from",
                    models.DateField(blank=True, help_text="First day in effect.", null=True),
                ),
                (
                    "effective_until",
                    models.DateField(
                        blank=True, help_text="First day no longer in effect.", null=True
                    ),
                ),
                (
                    "is_on",
                    models.BooleanField(
                        default=True,
                        help_text="Switched off, it is kept and not served.",
                        verbose_name="served",
                    ),
                ),
                (
                    "from_run",
                    models.UUIDField(blank=True, help_text="The run it was made from.", null=True),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("reviewed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "reviewed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-updated_at"],
            },
        ),
        migrations.CreateModel(
            name="CuratedQuestion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "text",
                    models.CharField(
                        help_text="As customers ask it.", max_length=500, verbose_name="question"
                    ),
                ),
                ("key", models.CharField(editable=False, max_length=64)),
                (
                    "answer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="questions",
                        to="knowledge.curatedanswer",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="CuratedSource",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "quote",
                    models.TextField(
                        blank=True,
                        help_text="As they stand in the document. Left empty, the whole document counts.",
                        max_length=1000,
                        verbose_name="words it rests on",
                    ),
                ),
                (
                    "answer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sources",
                        to="knowledge.curatedanswer",
                    ),
                ),
                (
                    "document",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="knowledge.document",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="knowledge.documentversion",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.AddConstraint(
            model_name="curatedanswer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("effective_from", None),
                    ("effective_until", None),
                    ("effective_from__lt", models.F("effective_until")),
                    _connector="OR",
                ),
                name="curated_effective_order",
            ),
        ),
        migrations.AddIndex(
            model_name="curatedquestion",
            index=models.Index(fields=["key"], name="curated_question_key"),
        ),
        migrations.AddConstraint(
            model_name="curatedsource",
            constraint=models.UniqueConstraint(
                fields=("answer", "version", "quote"), name="curated_source_unique"
            ),
        ),
    ]
