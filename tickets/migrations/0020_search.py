"""The words of every ticket, for full-text search, kept up to date by the database itself.

What is said is added to a ticket's words; what is changed or removed makes them anew. Long texts
are cut, because PostgreSQL refuses a document of more than 1 MB.
"""

from typing import ClassVar

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.db import migrations, models

TRIGGERS = """
CREATE FUNCTION tickets_words(content text, weight "char") RETURNS tsvector
    LANGUAGE sql IMMUTABLE AS $$
    SELECT setweight(to_tsvector('english', left(content, 20000)), weight)
$$;

CREATE FUNCTION tickets_search_document(wanted bigint) RETURNS tsvector
    LANGUAGE sql STABLE AS $$
    SELECT tickets_words(concat_ws(' ', ticket.subject, customer.name, customer.email), 'A')
        || setweight(to_tsvector('english', left(coalesce((
            SELECT string_agg(note.text, ' ' ORDER BY note.id)
            FROM tickets_note note WHERE note.ticket_id = ticket.id), ''), 200000)), 'B')
        || setweight(to_tsvector('english', left(coalesce((
            SELECT string_agg(left(message.text, 20000), ' ' ORDER BY message.seq)
            FROM tickets_message message
            WHERE message.conversation_id = ticket.conversation_id), ''), 200000)), 'C')
    FROM tickets_ticket ticket
    JOIN tickets_conversation conversation ON conversation.id = ticket.conversation_id
    JOIN tickets_customer customer ON customer.id = conversation.customer_id
    WHERE ticket.id = wanted
$$;

CREATE FUNCTION tickets_search_of_ticket() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tickets_ticketsearch (ticket_id, document)
    VALUES (NEW.id, tickets_search_document(NEW.id))
    ON CONFLICT (ticket_id) DO UPDATE SET document = EXCLUDED.document;
    RETURN NULL;
END $$;
CREATE TRIGGER ticket_words_made AFTER INSERT ON tickets_ticket
    FOR EACH ROW EXECUTE FUNCTION tickets_search_of_ticket();
CREATE TRIGGER ticket_words_changed AFTER UPDATE OF subject, conversation_id ON tickets_ticket
    FOR EACH ROW WHEN (OLD.subject IS DISTINCT FROM NEW.subject
        OR OLD.conversation_id IS DISTINCT FROM NEW.conversation_id)
    EXECUTE FUNCTION tickets_search_of_ticket();

CREATE FUNCTION tickets_search_of_customer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tickets_ticketsearch SET document = tickets_search_document(ticket_id)
    WHERE ticket_id IN (
        SELECT ticket.id FROM tickets_ticket ticket
        JOIN tickets_conversation conversation ON conversation.id = ticket.conversation_id
        WHERE conversation.customer_id = NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER customer_words_changed AFTER UPDATE OF name, email ON tickets_customer
    FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name OR OLD.email IS DISTINCT FROM NEW.email)
    EXECUTE FUNCTION tickets_search_of_customer();

CREATE FUNCTION tickets_search_add_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tickets_ticketsearch search SET document = document || tickets_words(NEW.text, 'C')
    FROM tickets_ticket ticket
    WHERE ticket.conversation_id = NEW.conversation_id AND search.ticket_id = ticket.id
        AND pg_column_size(document) < 400000;
    RETURN NULL;
END $$;
CREATE TRIGGER message_words_added AFTER INSERT ON tickets_message
    FOR EACH ROW EXECUTE FUNCTION tickets_search_add_message();

CREATE FUNCTION tickets_search_of_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tickets_ticketsearch SET document = tickets_search_document(ticket_id)
    WHERE ticket_id IN (
        SELECT id FROM tickets_ticket WHERE conversation_id = NEW.conversation_id);
    RETURN NULL;
END $$;
CREATE TRIGGER message_words_changed AFTER UPDATE OF text ON tickets_message
    FOR EACH ROW WHEN (OLD.text IS DISTINCT FROM NEW.text)
    EXECUTE FUNCTION tickets_search_of_message();

CREATE FUNCTION tickets_search_of_messages_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tickets_ticketsearch SET document = tickets_search_document(ticket_id)
    WHERE ticket_id IN (
        SELECT ticket.id FROM tickets_ticket ticket
        WHERE ticket.conversation_id IN (SELECT conversation_id FROM gone));
    RETURN NULL;
END $$;
CREATE TRIGGER message_words_gone AFTER DELETE ON tickets_message
    REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION tickets_search_of_messages_gone();

CREATE FUNCTION tickets_search_add_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tickets_ticketsearch SET document = document || tickets_words(NEW.text, 'B')
    WHERE ticket_id = NEW.ticket_id AND pg_column_size(document) < 400000;
    RETURN NULL;
END $$;
CREATE TRIGGER note_words_added AFTER INSERT ON tickets_note
    FOR EACH ROW EXECUTE FUNCTION tickets_search_add_note();

CREATE FUNCTION tickets_search_of_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tickets_ticketsearch SET document = tickets_search_document(ticket_id)
    WHERE ticket_id = OLD.ticket_id;
    RETURN NULL;
END $$;
CREATE TRIGGER note_words_changed AFTER DELETE OR UPDATE OF text ON tickets_note
    FOR EACH ROW EXECUTE FUNCTION tickets_search_of_note();

INSERT INTO tickets_ticketsearch (ticket_id, document)
SELECT id, tickets_search_document(id) FROM tickets_ticket;
"""

UNDO = """
DROP TRIGGER ticket_words_made ON tickets_ticket;
DROP TRIGGER ticket_words_changed ON tickets_ticket;
DROP TRIGGER customer_words_changed ON tickets_customer;
DROP TRIGGER message_words_added ON tickets_message;
DROP TRIGGER message_words_changed ON tickets_message;
DROP TRIGGER message_words_gone ON tickets_message;
DROP TRIGGER note_words_added ON tickets_note;
DROP TRIGGER note_words_changed ON tickets_note;
DROP FUNCTION tickets_search_of_ticket();
DROP FUNCTION tickets_search_of_customer();
DROP FUNCTION tickets_search_add_message();
DROP FUNCTION tickets_search_of_message();
DROP FUNCTION tickets_search_of_messages_gone();
DROP FUNCTION tickets_search_add_note();
DROP FUNCTION tickets_search_of_note();
DROP FUNCTION tickets_search_document(bigint);
DROP FUNCTION tickets_words(text, "char");
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("tickets", "0019_audit_chain_triggers")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="TicketSearch",
            fields=[
                (
                    "ticket",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="search",
                        serialize=False,
                        to="tickets.ticket",
                    ),
                ),
                ("document", django.contrib.postgres.search.SearchVectorField()),
            ],
            options={
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["document"], name="ticket_words"
                    )
                ]
            },
        ),
        migrations.RunSQL(TRIGGERS, UNDO),
    ]
