"""What is stored of triage: a message's, its correction, the course of a conversation."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from supportbot.triage.find import Triage
from supportbot.triage.intents import forget
from supportbot.triage.models import EXAMPLE_CHARACTERS, Intent, IntentExample, MessageTriage
from supportbot.triage.sentiment import LAST, course
from tickets.services.audit import record

_FOUND = ("intent", "probability", "sentiment", "urgency", "topics", "language")


def store_triage(*, message_id: UUID, found: Triage) -> None:
    """In one statement. What is known of the message already gives way; a correction stays."""
    values = {name: getattr(found, name) for name in _FOUND} | {"topics": list(found.topics)}
    MessageTriage.objects.bulk_create(
        [MessageTriage(message_id=message_id, **values)],
        update_conflicts=True,
        unique_fields=["message"],
        update_fields=list(_FOUND),
    )


@transaction.atomic
def correct_intent(*, triage: MessageTriage, intent: str, agent: User) -> None:
    """The message becomes an example of its true intent. Raises ValueError on an unknown intent."""
    true = Intent.objects.filter(name=intent, is_on=True).first()
    if true is None:
        raise ValueError("There is no such intent. Reload the page and choose another.")
    was = triage.known_intent
    triage.corrected_to, triage.corrected_by = true.name, agent
    triage.corrected_at = timezone.now()
    triage.save(update_fields=["corrected_to", "corrected_by", "corrected_at"])
    text = " ".join(triage.message.question_text.split())[:EXAMPLE_CHARACTERS]
    IntentExample.objects.update_or_create(
        text=text,
        defaults={"intent": true},
        create_defaults={
            "intent": true,
            "source": IntentExample.Source.CORRECTION,
            "message": triage.message,
        },
    )
    record(action="triage.corrected", target=triage.message, actor=agent, was=was, now=true.name)
    transaction.on_commit(forget)


def course_of(conversation_id: UUID) -> tuple[float, float]:
    """The customer's mood and how it changes: see sentiment.course."""
    rows = MessageTriage.objects.filter(message__conversation_id=conversation_id)
    newest = rows.order_by("-message__seq").values_list("sentiment", flat=True)[:LAST]
    return course(list(reversed(newest)))
