"""One speaker, enforced by the database: tickets.states.SPEAKERS, and no way out of “closed”.

The lock lets a message and a change of the speaker never pass each other.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models

FORWARDS = """
CREATE FUNCTION tickets_check_speaker() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    speaks varchar;
    agent bigint;
BEGIN
    SELECT c.state, c.agent_id INTO speaks, agent FROM tickets_conversation c
    WHERE c.id = NEW.conversation_id FOR NO KEY UPDATE;
    IF (NEW.author = 'bot' AND speaks <> 'bot')
        OR (NEW.author = 'agent' AND speaks <> 'agent')
        OR (NEW.author = 'agent' AND NEW.agent_id <> agent)
        OR (NEW.author = 'customer' AND speaks = 'closed')
    THEN
        RAISE EXCEPTION 'a message by % cannot be written: the conversation is %', NEW.author, speaks
            USING ERRCODE = 'check_violation', CONSTRAINT = 'message_one_speaker';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER message_one_speaker BEFORE INSERT ON tickets_message
    FOR EACH ROW EXECUTE FUNCTION tickets_check_speaker();

CREATE FUNCTION tickets_refuse_opening() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a closed conversation stays closed'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'conversation_stays_closed';
END $$;
CREATE TRIGGER conversation_stays_closed BEFORE UPDATE OF state ON tickets_conversation
    FOR EACH ROW WHEN (OLD.state = 'closed' AND NEW.state <> 'closed')
    EXECUTE FUNCTION tickets_refuse_opening();
"""
BACKWARDS = """
DROP TRIGGER conversation_stays_closed ON tickets_conversation;
DROP FUNCTION tickets_refuse_opening();
DROP TRIGGER message_one_speaker ON tickets_message;
DROP FUNCTION tickets_check_speaker();
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("tickets", "0014_fill_speaker")]
    operations: ClassVar = [
        migrations.AddConstraint(
            model_name="conversation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "waiting"), ("waiting_since__isnull", False)),
                    models.Q(
                        models.Q(("state", "waiting"), _negated=True), ("waiting_since", None)
                    ),
                    _connector="OR",
                ),
                name="conversation_waits_since",
            ),
        ),
        migrations.AddConstraint(
            model_name="conversation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state", "agent"),
                    models.Q(("agent", None), ("lease_until", None)),
                    _connector="OR",
                ),
                name="conversation_agent_speaks",
            ),
        ),
        migrations.RunSQL(FORWARDS, BACKWARDS),
    ]
