"""Who may change what readers are answered from. To write, correct and submit is another right."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from knowledge.models import DocumentEvent, DocumentVersion

PUBLISH = "knowledge.publish_document"
REFUSED = (
    "Publishing is a right of its own, which your account does not have. Submit it for review, or "
    "ask a publisher."
)


class Holder(Protocol):
    """A user, signed in or not."""

    def has_perm(self, perm: str, obj: Any = None) -> bool: ...


def may_publish(user: Holder) -> bool:
    return user.has_perm(PUBLISH)


def is_served(version: DocumentVersion) -> bool:
    """Whether readers are answered from it, or will be without another step of anybody's."""
    return version.state == DocumentVersion.State.PUBLISHED or version.publish_when_ready


def moves_what_is_served(events: Iterable[DocumentEvent]) -> bool:
    """Whether to undo one of these steps publishes something, takes it out or changes its terms."""
    states = (
        state
        for event in events
        for side in ("before", "after")
        for state in (event.data.get(side) or {}).values()
    )
    return any(state["state"] == DocumentVersion.State.PUBLISHED for state in states)
