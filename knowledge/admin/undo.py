"""Undo: what was done last is offered to be put back, once, on the next page."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from knowledge.models import DocumentEvent
from knowledge.services.lifecycle.changes import Step
from knowledge.services.lifecycle.publishing import LifecycleError, undo

_OFFER = "knowledge_undo"


def offer_undo(request: HttpRequest, batch: uuid.UUID, text: str) -> None:
    """Say `text` on the next page of the desk, with a button that takes the batch back."""
    request.session[_OFFER] = {"batch": str(batch), "text": text}


def take_offer(request: HttpRequest) -> dict[str, Any] | None:
    """What the page to be shown offers; the next one does not any more."""
    offer: dict[str, Any] | None = request.session.pop(_OFFER, None)
    return offer


@dataclass
class Undone:
    """How many steps were undone, and the sentences on those that were not."""

    count: int = 0
    left: list[str] = field(default_factory=list)


def undo_all(*, events: QuerySet[DocumentEvent], step: Step) -> Undone:
    """Undo what was done together, the last first; what has changed since is left."""
    undone = Undone()
    for event in events.order_by("-pk"):
        try:
            undo(event=event, step=step)
        except LifecycleError as error:
            undone.left.append(str(error))
        else:
            undone.count += 1
    return undone
