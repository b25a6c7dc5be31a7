"""A ticket's vector is of its customer's first messages: when another of them comes, it is made
anew."""

from typing import ClassVar

from django.db import migrations

TRIGGERS = """
CREATE FUNCTION automation_renew_vector() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM automation_ticketvector vector USING tickets_ticket ticket
    WHERE ticket.id = vector.ticket_id AND ticket.conversation_id = NEW.conversation_id
        AND (SELECT count(*) FROM (
            SELECT 1 FROM tickets_message message
            WHERE message.conversation_id = NEW.conversation_id AND message.author = 'customer'
            LIMIT 4) said) <= 3;
    RETURN NULL;
END $$;
CREATE TRIGGER message_vector_renewed AFTER INSERT ON tickets_message
    FOR EACH ROW WHEN (NEW.author = 'customer') EXECUTE FUNCTION automation_renew_vector();
"""
UNDO = """
DROP TRIGGER message_vector_renewed ON tickets_message;
DROP FUNCTION automation_renew_vector();
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("automation", "0001_rules_and_vectors")]
    operations: ClassVar = [migrations.RunSQL(TRIGGERS, UNDO)]
