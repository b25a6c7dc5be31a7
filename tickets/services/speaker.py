"""Changing who speaks in a conversation, told to the customer."""

from __future__ import annotations

from tickets.models import Conversation
from tickets.services.events import append_event
from tickets.states import check_conversation_transition

BACK_TO_BOT = "You are talking with the assistant again."


def change_speaker(
    conversation: Conversation, state: str, text: str, name: str | None = None
) -> None:
    """Change the state of a locked conversation. Raises TransitionError."""
    check_conversation_transition(conversation, state)
    conversation.state = Conversation.State(state)
    conversation.save(update_fields=["state", "updated_at"])
    append_event(
        conversation_id=conversation.pk,
        type="handover.changed",
        payload={"state": state, "agent_name": name, "text": text},
    )
