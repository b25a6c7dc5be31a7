"""Terms and weights of the passages that are there already; a minute for 100,000."""

from typing import Any, ClassVar

from django.db import migrations

from knowledge.terms import passage_weights, sparse_vector

BATCH = 1000
_NEXT = """
SELECT p.id, p.context, p.text, d.locale
FROM knowledge_passage p JOIN knowledge_documentversion v ON v.id = p.version_id
JOIN knowledge_document d ON d.id = v.document_id
WHERE p.id > %s ORDER BY p.id LIMIT %s
"""
_SET = "UPDATE knowledge_passage SET terms = %s, weights = %s WHERE id = %s"


def fill(apps: Any, schema_editor: Any) -> None:
    last = 0
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("ALTER TABLE knowledge_passage DISABLE TRIGGER USER")
        while True:
            cursor.execute(_NEXT, [last, BATCH])
            rows = cursor.fetchall()
            if not rows:
                break
            changes = []
            for pk, context, text, locale in rows:
                weights = passage_weights(context, text, locale)
                changes.append([list(weights), sparse_vector(weights).to_text(), pk])
            cursor.executemany(_SET, changes)
            last = rows[-1][0]
        cursor.execute("ALTER TABLE knowledge_passage ENABLE TRIGGER USER")
        cursor.execute("SELECT knowledge_recount_terms()")


class Migration(migrations.Migration):
    dependencies: ClassVar = [("knowledge", "0006_terms")]
    operations: ClassVar = [migrations.RunPython(fill, migrations.RunPython.noop)]
