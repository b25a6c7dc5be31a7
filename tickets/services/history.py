"""What was said in a conversation, a page at a time from its end.

A page is the stored events of so many messages, without how an answer was written, once it is
there, and without the passages, which are fetched when somebody opens one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.db.models.fields.json import KeyTextTransform

from tickets.models import Conversation, Event, Message
from tickets.services.events import to_wire

MESSAGES, MOST_MESSAGES = 20, 100
_SHOWN = ("message.created", "answer.completed")
_WHILE_WRITING = Q(type__in=["run.started", "run.status", "answer.sentence", "answer.replaced"])


@dataclass(frozen=True)
class Page:
    """Events in order, up to and with number `through`. `speaker` is the last change of who speaks
    before them; `earlier` says whether there is more before."""

    events: list[dict[str, Any]]
    through: int
    earlier: bool
    speaker: dict[str, Any] | None

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [event["message"] for event in self.events if event["type"] in _SHOWN]

    @property
    def earlier_before(self) -> int | None:
        """What the page before this one is asked for with; None where there is none."""
        return self.events[0]["seq"] if self.earlier else None

    def to_wire(self) -> dict[str, Any]:
        return {
            "events": self.events,
            "through": self.through,
            "earlier": self.earlier,
            "speaker": self.speaker,
        }


@transaction.atomic
def read_page(conversation_id: UUID, *, last: int = MESSAGES, before: int | None = None) -> Page:
    """The newest `last` messages, or those before the event with number `before`."""
    newest = Conversation.objects.values_list("last_seq", flat=True).get(pk=conversation_id)
    through = newest if before is None else min(newest, max(before - 1, 0))
    stored = Event.objects.filter(conversation_id=conversation_id, seq__lte=through)
    shown = stored.filter(type__in=_SHOWN).order_by("-seq").values_list("seq", flat=True)
    # One more than wanted says that there is an earlier page.
    numbers = list(shown[: last + 1])
    earlier = len(numbers) > last
    first = numbers[last - 1] if earlier else 0
    # Of an answer that ends on the next page, too.
    finished = Event.objects.filter(
        conversation_id=conversation_id, type="answer.completed", seq__gte=first
    ).annotate(run=KeyTextTransform("run_id", "payload"))
    events = (
        stored.filter(seq__gte=first)
        .annotate(run=KeyTextTransform("run_id", "payload"))
        .exclude(_WHILE_WRITING & Q(run__in=list(finished.values_list("run", flat=True))))
        .order_by("seq")
    )
    speaker = stored.filter(type="handover.changed", seq__lt=first).order_by("-seq").first()
    return Page(
        events=[_without_passages(to_wire(event)) for event in events],
        through=through,
        earlier=earlier,
        speaker=to_wire(speaker) if speaker is not None else None,
    )


def read_passage(*, message: Message, passage_id: str) -> str | None:
    """The passage as it stood when the message cited it; None if the message does not."""
    for sentence in message.sentences:
        for citation in sentence.get("citations", []):
            if str(citation.get("passage_id")) == passage_id:
                return str(citation.get("passage", ""))
    return None


def _without_passages(event: dict[str, Any]) -> dict[str, Any]:
    """The event with the passages of its message left out; quotes stay."""
    message = event.get("message")
    if not message or not message.get("sentences"):
        return event
    sentences = [
        {
            **sentence,
            "citations": [{**one, "passage": None} for one in sentence.get("citations", [])],
        }
        for sentence in message["sentences"]
    ]
    return {**event, "message": {**message, "sentences": sentences}}
