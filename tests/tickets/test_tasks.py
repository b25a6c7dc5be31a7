"""tickets.tasks: what beat asks the workers to do."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from supportbot.celery import app
from tests.tickets.cast import ask
from tickets.models import Conversation
from tickets.tasks import close_idle


def test_beat_ends_idle_conversations(conversation: Conversation) -> None:
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert close_idle.name in scheduled
    ask(conversation)
    Conversation.objects.update(last_message_at=timezone.now() - timedelta(weeks=3))
    close_idle()
    conversation.refresh_from_db()
    assert conversation.closed_by == Conversation.ClosedBy.TIME
