"""The right to publish documents, apart from the right to change them."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies: ClassVar = [("knowledge", "0012_curated_answers")]

    operations: ClassVar = [
        migrations.AlterModelOptions(
            name="document",
            options={
                "ordering": ["title", "id"],
                "permissions": [("publish_document", "Can publish, retire and roll back")],
            },
        ),
    ]
