"""The database refuses to change or delete a version that is no draft, and any activation."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION configuration_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'configuration_activation' THEN
        RAISE EXCEPTION 'activations are only ever added';
    END IF;
    IF NOT OLD.is_draft AND (
        TG_OP = 'DELETE' OR NEW.is_draft OR NEW.content <> OLD.content
        OR NEW.sha256 <> OLD.sha256 OR NEW.note <> OLD.note OR NEW.author_name <> OLD.author_name
    ) THEN
        RAISE EXCEPTION 'a published configuration is never changed';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER configuration_immutable BEFORE UPDATE OR DELETE
    ON configuration_answerconfiguration
    FOR EACH ROW EXECUTE FUNCTION configuration_refuse_change();
CREATE TRIGGER activation_append_only BEFORE UPDATE OR DELETE ON configuration_activation
    FOR EACH ROW EXECUTE FUNCTION configuration_refuse_change();
"""
BACKWARD = """
DROP TRIGGER configuration_immutable ON configuration_answerconfiguration;
DROP TRIGGER activation_append_only ON configuration_activation;
DROP FUNCTION configuration_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("configuration", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
