"""The database itself refuses to change or remove what the history of documents says."""

from typing import ClassVar

from django.db import migrations

APPEND_ONLY = """
CREATE FUNCTION knowledge_refuse_event_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The history of documents is never changed or removed.'
        USING ERRCODE = '42501';
END $$;
CREATE TRIGGER document_event_append_only BEFORE UPDATE OR DELETE ON knowledge_documentevent
    FOR EACH ROW EXECUTE FUNCTION knowledge_refuse_event_change();
CREATE TRIGGER document_event_no_truncate BEFORE TRUNCATE ON knowledge_documentevent
    FOR EACH STATEMENT EXECUTE FUNCTION knowledge_refuse_event_change();
"""

UNDO = """
DROP TRIGGER document_event_append_only ON knowledge_documentevent;
DROP TRIGGER document_event_no_truncate ON knowledge_documentevent;
DROP FUNCTION knowledge_refuse_event_change();
"""

# Versions from before there was a digest; see knowledge.services.ingestion.pipeline.
DIGEST = """
UPDATE knowledge_documentversion v SET passages_digest = d.digest
FROM (
    SELECT version_id,
           encode(sha256(string_agg(text_hash, ''::bytea ORDER BY position)), 'hex') AS digest
    FROM knowledge_passage GROUP BY version_id
) d
WHERE d.version_id = v.id
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("knowledge", "0002_lifecycle")]
    operations: ClassVar = [
        migrations.RunSQL(APPEND_ONLY, UNDO),
        migrations.RunSQL(DIGEST, migrations.RunSQL.noop),
    ]
