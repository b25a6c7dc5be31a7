"""What an agent can do on the page of a conversation.

An action returns the words for the agent, and raises ValueError with a sentence when it cannot be
done.
"""

from __future__ import annotations

from django.contrib.auth.models import User
from django.http import QueryDict

from tickets.models import Conversation
from tickets.services.conversations import close_conversation
from tickets.services.modes import change_mode


def set_mode(conversation: Conversation, agent: User, form: QueryDict) -> str:
    """Whether answers are sent at once."""
    wanted = form.get("mode", "")
    if wanted not in Conversation.Mode.values:
        raise ValueError("There is no such mode.")
    change_mode(conversation=conversation, mode=wanted, agent=agent)
    return f"From now on: {Conversation.Mode(wanted).label}."


def close(conversation: Conversation, agent: User) -> str:
    close_conversation(conversation=conversation, by=Conversation.ClosedBy.AGENT, agent=agent)
    return "The conversation is closed. The customer's next message begins a new one."
