"""The database chains audit entries itself, and refuses whatever would break the chain."""

from typing import ClassVar

from django.db import migrations

# Who may run these functions gets no right on the tables by it: each does one thing.
CHAIN = """
CREATE FUNCTION tickets_audit_content(entry tickets_auditentry, data_hash bytea)
RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT convert_to(jsonb_build_array(
        entry.id, (extract(epoch FROM entry.created_at) * 1000000)::bigint, entry.actor_id,
        entry.actor_name, entry.action, entry.object_type, entry.object_id, entry.conversation_id,
        encode(data_hash, 'hex'))::text, 'UTF8')
$$;

CREATE FUNCTION tickets_audit_add_link(entry tickets_auditentry) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    head tickets_audithead;
    salt bytea := uuid_send(gen_random_uuid());
    hashed bytea := sha256(salt || convert_to(entry.data::text, 'UTF8'));
BEGIN
    SELECT * INTO head FROM tickets_audithead WHERE id = 1 FOR UPDATE;
    IF NOT FOUND THEN
        IF EXISTS (SELECT FROM tickets_auditlink) THEN
            RAISE EXCEPTION 'The audit chain has lost its head. Run manage.py audit verify.';
        END IF;
        INSERT INTO tickets_audithead (id, number, hash) VALUES (1, 0, '') ON CONFLICT DO NOTHING;
        SELECT * INTO head FROM tickets_audithead WHERE id = 1 FOR UPDATE;
    END IF;
    head.number := head.number + 1;
    head.hash := sha256(head.hash || tickets_audit_content(entry, hashed));
    INSERT INTO tickets_auditlink (number, entry_id, salt, data_hash, hash)
        VALUES (head.number, entry.id, salt, hashed, head.hash);
    UPDATE tickets_audithead SET number = head.number, hash = head.hash WHERE id = 1;
END $$;

CREATE FUNCTION tickets_audit_link() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM tickets_audit_add_link(NEW);
    RETURN NULL;
END $$;

CREATE FUNCTION tickets_audit_is_erased(entry bigint) RETURNS boolean
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM tickets_auditentry
        WHERE action = 'customer.erased' AND data -> 'entries' @> to_jsonb(entry))
$$;

CREATE OR REPLACE FUNCTION tickets_refuse_audit_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'tickets_auditentry' THEN
        IF to_jsonb(NEW) = to_jsonb(OLD) || '{"data": {}}'::jsonb
            AND tickets_audit_is_erased(OLD.id) THEN RETURN NEW; END IF;
    ELSIF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'tickets_auditlink' THEN
        IF to_jsonb(NEW) = to_jsonb(OLD) || '{"salt": null}'::jsonb
            AND tickets_audit_is_erased(OLD.entry_id) THEN RETURN NEW; END IF;
    ELSIF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'tickets_audithead' THEN
        IF NEW.id = OLD.id AND NEW.number = OLD.number + 1 AND EXISTS (
            SELECT FROM tickets_auditlink WHERE number = NEW.number AND hash = NEW.hash)
            THEN RETURN NEW; END IF;
    END IF;
    RAISE EXCEPTION 'Audit entries are never changed or removed.' USING ERRCODE = '42501';
END $$;

CREATE FUNCTION tickets_audit_erase(erasure bigint) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    named bigint[];
BEGIN
    SELECT array_agg(one::bigint) INTO named
        FROM tickets_auditentry, jsonb_array_elements_text(data -> 'entries') one
        WHERE id = erasure AND action = 'customer.erased';
    UPDATE tickets_auditlink SET salt = NULL WHERE entry_id = ANY (named) AND salt IS NOT NULL;
    UPDATE tickets_auditentry SET data = '{}'
        WHERE id = ANY (named) AND action <> 'customer.erased';
    RETURN coalesce(cardinality(named), 0);
END $$;

REVOKE ALL ON FUNCTION tickets_audit_add_link(tickets_auditentry), tickets_audit_link(),
    tickets_audit_erase(bigint) FROM PUBLIC;
"""

# At commit: a writer holds the chain's head for as long as the commit itself takes, and nobody
# waits for it while locking conversations.
TRIGGERS = """
CREATE CONSTRAINT TRIGGER audit_link AFTER INSERT ON tickets_auditentry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tickets_audit_link();
CREATE TRIGGER audit_link_append_only BEFORE UPDATE OR DELETE ON tickets_auditlink
    FOR EACH ROW EXECUTE FUNCTION tickets_refuse_audit_change();
CREATE TRIGGER audit_link_no_truncate BEFORE TRUNCATE ON tickets_auditlink
    FOR EACH STATEMENT EXECUTE FUNCTION tickets_refuse_audit_change();
CREATE TRIGGER audit_head_append_only BEFORE UPDATE OR DELETE ON tickets_audithead
    FOR EACH ROW EXECUTE FUNCTION tickets_refuse_audit_change();
CREATE TRIGGER audit_head_no_truncate BEFORE TRUNCATE ON tickets_audithead
    FOR EACH STATEMENT EXECUTE FUNCTION tickets_refuse_audit_change();
"""

EXISTING = """
ALTER TABLE tickets_auditentry DISABLE TRIGGER audit_append_only;
UPDATE tickets_auditentry SET conversation_id = object_id::uuid WHERE object_type = 'conversation';
UPDATE tickets_auditentry SET conversation_id = ticket.conversation_id
    FROM tickets_ticket ticket
    WHERE object_type = 'ticket' AND object_id = ticket.id::text;
UPDATE tickets_auditentry SET conversation_id = ticket.conversation_id
    FROM tickets_draft draft JOIN tickets_ticket ticket ON ticket.id = draft.ticket_id
    WHERE object_type = 'draft' AND object_id = draft.id::text;
ALTER TABLE tickets_auditentry ENABLE TRIGGER audit_append_only;
DO $$
DECLARE
    entry tickets_auditentry;
BEGIN
    FOR entry IN SELECT * FROM tickets_auditentry ORDER BY id LOOP
        PERFORM tickets_audit_add_link(entry);
    END LOOP;
END $$;
"""

UNDO = """
DROP TRIGGER audit_link ON tickets_auditentry;
DROP TRIGGER audit_link_append_only ON tickets_auditlink;
DROP TRIGGER audit_link_no_truncate ON tickets_auditlink;
DROP TRIGGER audit_head_append_only ON tickets_audithead;
DROP TRIGGER audit_head_no_truncate ON tickets_audithead;
DROP FUNCTION tickets_audit_erase(bigint);
DROP FUNCTION tickets_audit_link();
DROP FUNCTION tickets_audit_add_link(tickets_auditentry);
DROP FUNCTION tickets_audit_content(tickets_auditentry, bytea);
CREATE OR REPLACE FUNCTION tickets_refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Audit entries are never changed or removed.' USING ERRCODE = '42501';
END $$;
DROP FUNCTION tickets_audit_is_erased(bigint);
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("tickets", "0018_audit_chain")]
    operations: ClassVar = [
        migrations.RunSQL(CHAIN + EXISTING + TRIGGERS, UNDO),
    ]
