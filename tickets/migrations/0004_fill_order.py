"""The place of each message in its conversation, and when the last one was written."""

from django.db import migrations

_PLACES = """
UPDATE tickets_message m SET seq = e.seq
FROM tickets_event e
WHERE e.conversation_id = m.conversation_id AND e.type IN ('message.created', 'answer.completed')
  AND e.payload -> 'message' ->> 'id' = m.id::text
"""
_LAST = """
UPDATE tickets_conversation c SET last_message_at = m.newest
FROM (SELECT conversation_id, max(created_at) AS newest FROM tickets_message GROUP BY 1) m
WHERE m.conversation_id = c.id
"""
_REPLIES = """
UPDATE tickets_message m SET reply_to_id = d.question_id
FROM tickets_draft d WHERE d.reply_id = m.id
"""


class Migration(migrations.Migration):
    dependencies = [("tickets", "0003_ending_order_identity")]
    operations = [
        migrations.RunSQL([_PLACES, _LAST, _REPLIES], migrations.RunSQL.noop),
    ]
