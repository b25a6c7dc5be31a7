"""Search by words: terms and weights of passages in the place of PostgreSQL's own text search."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import pgvector.django.sparsevec
from django.db import migrations, models

# What a statement has changed is counted in the same transaction. The row of the revision comes
# first: publications that overlap wait for one another there, and never in a circle for terms.
COUNT = """
CREATE FUNCTION knowledge_served_more() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM new_rows WHERE published) THEN
        INSERT INTO knowledge_revision AS r (id, number, passages)
            SELECT 1, 1, count(*) FROM new_rows WHERE published
            ON CONFLICT (id) DO UPDATE
            SET number = r.number + 1, passages = r.passages + EXCLUDED.passages;
        INSERT INTO knowledge_term AS t (id, passages)
            SELECT term, count(*) FROM new_rows CROSS JOIN unnest(terms) AS term
            WHERE published GROUP BY term
            ON CONFLICT (id) DO UPDATE SET passages = t.passages + EXCLUDED.passages;
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION knowledge_served_less() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM old_rows WHERE published) THEN
        INSERT INTO knowledge_revision AS r (id, number, passages)
            SELECT 1, 1, -count(*) FROM old_rows WHERE published
            ON CONFLICT (id) DO UPDATE
            SET number = r.number + 1, passages = r.passages + EXCLUDED.passages;
        UPDATE knowledge_term t SET passages = t.passages - gone.passages
            FROM (SELECT term, count(*) AS passages FROM old_rows CROSS JOIN unnest(terms) AS term
                  WHERE published GROUP BY term) gone
            WHERE t.id = gone.term;
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION knowledge_recount_terms() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- What is committed while this waits must be seen by the statements that count.
    PERFORM FROM knowledge_revision FOR UPDATE;
    INSERT INTO knowledge_revision AS r (id, number, passages)
        SELECT 1, 1, count(*) FROM knowledge_passage WHERE published
        ON CONFLICT (id) DO UPDATE SET number = r.number + 1, passages = EXCLUDED.passages;
    DELETE FROM knowledge_term;
    INSERT INTO knowledge_term (id, passages)
        SELECT term, count(*) FROM knowledge_passage CROSS JOIN unnest(terms) AS term
        WHERE published GROUP BY term;
END $$;
CREATE TRIGGER passage_inserted AFTER INSERT ON knowledge_passage
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION knowledge_served_more();
CREATE TRIGGER passage_deleted AFTER DELETE ON knowledge_passage
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION knowledge_served_less();
CREATE TRIGGER passage_updated_less AFTER UPDATE ON knowledge_passage
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION knowledge_served_less();
CREATE TRIGGER passage_updated_more AFTER UPDATE ON knowledge_passage
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION knowledge_served_more();
"""
NO_COUNT = """
DROP TRIGGER passage_inserted ON knowledge_passage;
DROP TRIGGER passage_deleted ON knowledge_passage;
DROP TRIGGER passage_updated_less ON knowledge_passage;
DROP TRIGGER passage_updated_more ON knowledge_passage;
DROP FUNCTION knowledge_served_more();
DROP FUNCTION knowledge_served_less();
DROP FUNCTION knowledge_recount_terms();
"""

# A search reads terms and weights of thousands of rows and the texts of a few: those lie apart.
# Counters change often and never their keys: room in each page keeps their index as it is.
STORAGE = """
ALTER TABLE knowledge_passage ALTER COLUMN terms SET STORAGE MAIN;
ALTER TABLE knowledge_passage ALTER COLUMN weights SET STORAGE MAIN;
ALTER TABLE knowledge_passage SET (toast_tuple_target = 256);
ALTER TABLE knowledge_term SET (fillfactor = 70);
"""
NO_STORAGE = """
ALTER TABLE knowledge_passage RESET (toast_tuple_target);
"""


class Migration(migrations.Migration):
    dependencies = [("knowledge", "0005_file_content_hash")]

    operations = [
        migrations.CreateModel(
            name="Revision",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("number", models.BigIntegerField(default=0)),
                ("passages", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="Term",
            fields=[
                ("id", models.IntegerField(primary_key=True, serialize=False)),
                ("passages", models.IntegerField()),
            ],
            options={"ordering": ["id"]},
        ),
        migrations.RemoveIndex(model_name="passage", name="passage_search"),
        migrations.RemoveField(model_name="passage", name="search"),
        migrations.AddField(
            model_name="passage",
            name="terms",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.IntegerField(),
                default=list,
                help_text="Numbers of its terms.",
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="passage",
            name="weights",
            field=pgvector.django.sparsevec.SparseVectorField(
                dimensions=999999999,
                help_text="What each term counts for in this passage.",
                null=True,
            ),
        ),
        migrations.AddIndex(
            model_name="passage",
            index=django.contrib.postgres.indexes.GinIndex(
                condition=models.Q(("published", True)),
                fields=["terms"],
                gin_pending_list_limit=256,
                name="passage_terms",
            ),
        ),
        migrations.AddIndex(
            model_name="passage",
            index=models.Index(
                condition=models.Q(("published", True)),
                fields=["collection"],
                name="passage_served",
            ),
        ),
        migrations.RunSQL(STORAGE, NO_STORAGE),
        migrations.RunSQL(COUNT, NO_COUNT),
    ]
