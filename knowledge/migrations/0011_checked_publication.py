"""Publication that waits for the content check, and bulk steps done by workers."""

from __future__ import annotations

import uuid
from typing import ClassVar

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("knowledge", "0010_scanned_pages"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="BulkJob",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("action", models.CharField(max_length=20)),
                (
                    "items",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), size=None
                    ),
                ),
                ("done", models.PositiveIntegerField(default=0)),
                ("changed", models.PositiveIntegerField(default=0)),
                (
                    "left",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="A sentence on each item that was not changed.",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["-created_at"],
            },
        ),
        migrations.AddField(
            model_name="collection",
            name="temporary",
            field=models.BooleanField(
                default=False,
                help_text="Put in for a measurement and removed after it: never compared with others.",
            ),
        ),
        migrations.AddField(
            model_name="documentversion",
            name="check_first",
            field=models.BooleanField(
                default=False,
                help_text="Publish it only once its content has been checked and contradicts nothing.",
            ),
        ),
        migrations.AddField(
            model_name="documentversion",
            name="publisher",
            field=models.ForeignKey(
                blank=True,
                help_text="Who decided that it is published when ready, if not who uploaded it.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="documentversion",
            name="status",
            field=models.CharField(
                choices=[
                    ("queued", "Waiting"),
                    ("splitting", "Splitting into passages"),
                    ("embedding", "Preparing for search"),
                    ("ready", "Read"),
                    ("failed", "Failed"),
                    ("cancelled", "Cancelled"),
                ],
                default="queued",
                max_length=20,
            ),
        ),
        migrations.AddIndex(
            model_name="documentversion",
            index=models.Index(
                condition=models.Q(
                    ("check_first", True),
                    ("publish_when_ready", True),
                    ("state__in", ["draft", "in_review"]),
                    ("status", "ready"),
                ),
                fields=["id"],
                name="version_awaiting_check",
            ),
        ),
        migrations.AddField(
            model_name="bulkjob",
            name="created_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="embedding",
            index=models.Index(
                condition=models.Q(("units", None)),
                fields=["index"],
                name="embedding_without_units",
            ),
        ),
        migrations.AddIndex(
            model_name="bulkjob",
            index=models.Index(
                condition=models.Q(("finished_at", None)),
                fields=["created_at"],
                name="bulk_job_unfinished",
            ),
        ),
    ]
