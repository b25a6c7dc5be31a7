"""Indexes that retrieval reads: the languages of documents, and what a reader may read."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("knowledge", "0007_fill_terms")]

    operations = [
        migrations.RemoveIndex(model_name="passage", name="passage_served"),
        migrations.AddIndex(
            model_name="document",
            index=models.Index(fields=["locale"], name="document_locale"),
        ),
        migrations.AddIndex(
            model_name="passage",
            index=models.Index(
                condition=models.Q(("published", True)),
                fields=["audience", "collection"],
                name="passage_served",
            ),
        ),
    ]
