"""Answers of earlier versions know the question they answer."""

from django.db import migrations

_REPLIES = """
UPDATE tickets_message m SET reply_to_id = r.question_id
FROM answers_answerrun r WHERE r.id = m.run_id AND m.reply_to_id IS NULL
"""


class Migration(migrations.Migration):
    dependencies = [("answers", "0006_conversations")]
    operations = [migrations.RunSQL(_REPLIES, migrations.RunSQL.noop)]
