"""A ticket's words name its team, so that a search reads nothing of teams that the reader is not in:
what others' tickets say changes not even the time it takes.

The name begins with a space, as no word of a text or a query does. The function is there for the same
plan whatever the word: statistics know of others' words too.
"""

from typing import ClassVar

from django.db import migrations

OF_TEAM = """
CREATE FUNCTION tickets_search_of_team(team bigint) RETURNS tsvector
    LANGUAGE sql IMMUTABLE AS $$ SELECT array_to_tsvector(ARRAY[' ' || coalesce(team, 0)]) $$;

CREATE OR REPLACE FUNCTION tickets_search_document(wanted bigint) RETURNS tsvector
    LANGUAGE sql STABLE AS $$
    SELECT tickets_words(concat_ws(' ', ticket.subject, customer.name, customer.email), 'A')
        || setweight(to_tsvector('english', left(coalesce((
            SELECT string_agg(note.text, ' ' ORDER BY note.id)
            FROM tickets_note note WHERE note.ticket_id = ticket.id), ''), 200000)), 'B')
        || setweight(to_tsvector('english', left(coalesce((
            SELECT string_agg(left(message.text, 20000), ' ' ORDER BY message.seq)
            FROM tickets_message message
            WHERE message.conversation_id = ticket.conversation_id), ''), 200000)), 'C')
        || tickets_search_of_team(ticket.team_id)
    FROM tickets_ticket ticket
    JOIN tickets_conversation conversation ON conversation.id = ticket.conversation_id
    JOIN tickets_customer customer ON customer.id = conversation.customer_id
    WHERE ticket.id = wanted
$$;

CREATE FUNCTION tickets_with_words(wanted tsquery) RETURNS SETOF bigint
    LANGUAGE sql STABLE ROWS 5000 SET enable_seqscan = off SET enable_indexscan = off AS $$
    SELECT ticket_id FROM tickets_ticketsearch WHERE document @@ wanted
$$;

DROP TRIGGER ticket_words_changed ON tickets_ticket;
CREATE TRIGGER ticket_words_changed AFTER UPDATE OF subject, conversation_id, team_id
    ON tickets_ticket
    FOR EACH ROW WHEN (OLD.subject IS DISTINCT FROM NEW.subject
        OR OLD.conversation_id IS DISTINCT FROM NEW.conversation_id
        OR OLD.team_id IS DISTINCT FROM NEW.team_id)
    EXECUTE FUNCTION tickets_search_of_ticket();

UPDATE tickets_ticketsearch search SET document = document || tickets_search_of_team(team_id)
FROM tickets_ticket ticket WHERE ticket.id = search.ticket_id;
"""

UNDO = """
CREATE OR REPLACE FUNCTION tickets_search_document(wanted bigint) RETURNS tsvector
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
DROP TRIGGER ticket_words_changed ON tickets_ticket;
CREATE TRIGGER ticket_words_changed AFTER UPDATE OF subject, conversation_id ON tickets_ticket
    FOR EACH ROW WHEN (OLD.subject IS DISTINCT FROM NEW.subject
        OR OLD.conversation_id IS DISTINCT FROM NEW.conversation_id)
    EXECUTE FUNCTION tickets_search_of_ticket();
UPDATE tickets_ticketsearch search
SET document = ts_delete(document, ' ' || coalesce(ticket.team_id, 0))
FROM tickets_ticket ticket WHERE ticket.id = search.ticket_id;
DROP FUNCTION tickets_search_of_team(bigint);
DROP FUNCTION tickets_with_words(tsquery);
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("tickets", "0030_fill_team_before")]
    operations: ClassVar = [migrations.RunSQL(OF_TEAM, UNDO)]
