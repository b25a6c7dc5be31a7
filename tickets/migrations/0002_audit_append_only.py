"""The database itself refuses to change or remove audit entries."""

from typing import ClassVar

from django.db import migrations

APPEND_ONLY = """
CREATE FUNCTION tickets_refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Audit entries are never changed or removed.' USING ERRCODE = '42501';
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON tickets_auditentry
    FOR EACH ROW EXECUTE FUNCTION tickets_refuse_audit_change();
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON tickets_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION tickets_refuse_audit_change();
"""

UNDO = """
DROP TRIGGER audit_append_only ON tickets_auditentry;
DROP TRIGGER audit_no_truncate ON tickets_auditentry;
DROP FUNCTION tickets_refuse_audit_change();
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("tickets", "0001_initial")]
    operations: ClassVar = [migrations.RunSQL(APPEND_ONLY, UNDO)]
