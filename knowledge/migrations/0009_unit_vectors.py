"""Vectors of the units of a passage beside its own."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("knowledge", "0008_indexes_for_retrieval")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="embedding",
            name="units",
            field=models.BinaryField(
                null=True, help_text="Vectors of the passage's units: knowledge.unit_vectors."
            ),
        ),
        # 8-bit vectors do not get smaller by compression.
        migrations.RunSQL(
            "ALTER TABLE knowledge_embedding ALTER COLUMN units SET STORAGE EXTERNAL",
            "ALTER TABLE knowledge_embedding ALTER COLUMN units SET STORAGE EXTENDED",
        ),
    ]
