"""Answers from before there was a recall list: what they cited stands in their sentences."""

from typing import ClassVar

from django.db import migrations

BACKFILL = """
INSERT INTO answers_citation (run_id, document_id, version, created_at)
SELECT DISTINCT r.id, (cited ->> 'document_id')::bigint, (cited ->> 'version')::integer,
       COALESCE(r.finished_at, r.created_at)
FROM (
    SELECT run_id, sentences FROM tickets_message WHERE author = 'bot'
    UNION ALL SELECT run_id, sentences FROM tickets_draft
) answer
JOIN answers_answerrun r ON r.id = answer.run_id
CROSS JOIN jsonb_array_elements(answer.sentences) sentence
CROSS JOIN jsonb_array_elements(sentence -> 'citations') cited
ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("answers", "0002_recall")]
    operations: ClassVar = [migrations.RunSQL(BACKFILL, migrations.RunSQL.noop)]
