"""The history of documents: registered actions, written in the transaction of the change itself.

It is knowledge's own, because knowledge imports nothing of tickets, where the audit log of
conversations is kept (decision 6).
"""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.models import AbstractBaseUser

from knowledge.models import Document, DocumentEvent, DocumentVersion

ACTIONS = {
    "uploaded": "Uploaded",
    "corrected": "Text corrected",
    "tried_again": "Tried again",
    "cancelled": "Cancelled",
    "failed": "Could not be read",
    "submitted": "Submitted for review",
    "sent_back": "Sent back to draft",
    "published": "Published",
    "changed": "Dates or audience changed",
    "retired": "Retired",
    "rolled_back": "Rolled back",
    "undone": "Undone",
    "deleted": "Deleted",
    "described": "Title, language or collection changed",
    "held": "Not published",
    "publication_requested": "To be published once checked",
    "warning_dismissed": "Warning dismissed",
    "warning_brought_back": "Warning brought back",
}


def record(
    *,
    action: str,
    document: Document,
    version: DocumentVersion | None = None,
    by: AbstractBaseUser | None = None,
    batch: uuid.UUID | None = None,
    **data: Any,
) -> DocumentEvent:
    """Add an event. `by` None means the product itself. Raises ValueError on unknown actions."""
    event = new_event(action=action, document=document, version=version, by=by, batch=batch, **data)
    event.save(force_insert=True)
    return event


def new_event(
    *,
    action: str,
    document: Document,
    version: DocumentVersion | None = None,
    by: AbstractBaseUser | None = None,
    batch: uuid.UUID | None = None,
    **data: Any,
) -> DocumentEvent:
    """An event that the caller stores, with others in one statement. Raises as `record` does."""
    if action not in ACTIONS:
        raise ValueError(f"unknown action {action!r}")
    return DocumentEvent(
        document_id=document.pk,
        document_title=document.title,
        version_number=version.number if version is not None else None,
        action=action,
        actor_id=by.pk if by is not None else None,
        actor_name=by.get_username() if by is not None else "supportbot",
        batch=batch,
        data=data,
    )
