"""Conversations that follow on a ticket, and have none yet, are its team's."""

from typing import ClassVar

from django.db import migrations

BACKFILL = """
WITH RECURSIVE following(id, team_id) AS (
    SELECT conversation.continued_in_id, (
        SELECT ticket.team_id FROM tickets_ticket ticket
        WHERE ticket.conversation_id = conversation.id ORDER BY ticket.id DESC LIMIT 1)
    FROM tickets_conversation conversation
    WHERE conversation.continued_in_id IS NOT NULL
        AND EXISTS (SELECT FROM tickets_ticket WHERE conversation_id = conversation.id)
    UNION
    SELECT conversation.continued_in_id, following.team_id
    FROM following JOIN tickets_conversation conversation ON conversation.id = following.id
    WHERE conversation.continued_in_id IS NOT NULL
        AND NOT EXISTS (SELECT FROM tickets_ticket WHERE conversation_id = conversation.id)
)
UPDATE tickets_conversation SET team_before_id = following.team_id
FROM following
WHERE following.id = tickets_conversation.id AND following.team_id IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM tickets_ticket WHERE conversation_id = tickets_conversation.id)
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("tickets", "0029_team_before")]
    operations: ClassVar = [migrations.RunSQL(BACKFILL, migrations.RunSQL.noop)]
