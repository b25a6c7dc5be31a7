"""Since when customers wait and who speaks, from the audit log; “auto” is called “reply”."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

FORWARDS = """
UPDATE tickets_conversation SET mode = 'reply' WHERE mode = 'auto';
UPDATE tickets_conversation c
SET waiting_since = coalesce(told.created_at, c.updated_at),
    handover_reason = coalesce(told.data ->> 'reason', 'customer_asked')
FROM tickets_conversation same
LEFT JOIN LATERAL (
    SELECT created_at, data FROM tickets_auditentry
    WHERE object_type = 'conversation' AND object_id = same.id::text
        AND action = 'conversation.handed_over'
    ORDER BY id DESC LIMIT 1
) told ON true
WHERE same.id = c.id AND c.state = 'waiting';
UPDATE tickets_conversation c
SET agent_id = (
    SELECT u.id FROM tickets_auditentry a JOIN auth_user u ON u.id = a.actor_id
    WHERE a.object_type = 'conversation' AND a.object_id = c.id::text
        AND a.action = 'conversation.taken_over'
    ORDER BY a.id DESC LIMIT 1
)
WHERE c.state = 'agent';
"""
BACKWARDS = """
UPDATE tickets_conversation SET mode = 'auto' WHERE mode = 'reply';
UPDATE tickets_conversation SET mode = 'draft' WHERE mode IN ('suggest', 'off');
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("tickets", "0013_speaker")]
    operations: ClassVar = [migrations.RunSQL(FORWARDS, BACKWARDS)]
