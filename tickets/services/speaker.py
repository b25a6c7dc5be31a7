"""The one place that changes who speaks in a conversation, told to the customer."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone

from tickets.models import Conversation, Message, Wait
from tickets.services.events import append_event
from tickets.services.names import display_name
from tickets.services.office_hours import away_at
from tickets.states import check_conversation_transition

State = Conversation.State
BACK_TO_BOT = "You are talking with the assistant again."
NAMELESS = "a colleague"
SPEAKER_FIELDS = ("state", "agent", "waiting_since", "handover_reason", "lease_until", "updated_at")


@dataclass(frozen=True)
class Waiting:
    """Why a customer waits for a person, and since when; now unless `since` says so."""

    reason: str
    text: str
    since: dt.datetime | None = None
    offer_address: bool = False


def let_wait(locked: Conversation, waiting: Waiting) -> None:
    """Put a locked conversation into the queue. Raises TransitionError."""
    check_conversation_transition(locked, State.WAITING)
    _clear(locked)
    locked.waiting_since = waiting.since or timezone.now()
    locked.handover_reason = Conversation.Reason(waiting.reason)
    _save(locked, State.WAITING, waiting.text, offer_address=waiting.offer_address)


def let_bot_speak(locked: Conversation) -> None:
    """Give a locked conversation back to the bot. Raises TransitionError."""
    check_conversation_transition(locked, State.BOT)
    _clear(locked)
    _save(locked, State.BOT, BACK_TO_BOT)


def let_agent_speak(locked: Conversation, agent: AbstractBaseUser) -> None:
    """Give a locked conversation to an agent, who has to reply within the lease if the customer
    waits for an answer. Raises TransitionError."""
    check_conversation_transition(locked, State.AGENT)
    if locked.waiting_since is not None:
        _note_wait(locked, locked.waiting_since)
    waits = locked.waiting_since is not None or _asked_last(locked)
    _clear(locked)
    locked.agent_id = agent.pk
    locked.lease_until = lease_from_now() if waits else None
    name = display_name(agent)
    _save(locked, State.AGENT, f"You are talking with {name or NAMELESS}.", name)


def end_speaking(locked: Conversation) -> None:
    """Nobody speaks in a locked conversation any more. What the customer is told, and the save, are
    the caller's."""
    _clear(locked)
    locked.state = State.CLOSED


def lease_from_now() -> dt.datetime | None:
    """Until when a customer waits for the agent who speaks; None: as long as it takes."""
    minutes = settings.TICKETS["agent_lease_minutes"]
    return timezone.now() + dt.timedelta(minutes=minutes) if minutes > 0 else None


def _clear(locked: Conversation) -> None:
    locked.agent, locked.waiting_since, locked.lease_until = None, None, None
    locked.handover_reason = ""


def _save(
    locked: Conversation,
    state: str,
    text: str,
    name: str | None = None,
    *,
    offer_address: bool = False,
) -> None:
    locked.state = State(state)
    locked.save(update_fields=SPEAKER_FIELDS)
    append_event(
        conversation_id=locked.pk,
        type="handover.changed",
        payload={
            "state": state,
            "agent_name": name,
            "text": text,
            "offer_address": offer_address,
        },
    )


def _note_wait(locked: Conversation, since: dt.datetime) -> None:
    Wait.objects.create(
        conversation=locked,
        reason=locked.handover_reason,
        began_at=since,
        ended_at=timezone.now(),
        in_office_hours=away_at(since) is None,
    )


def _asked_last(locked: Conversation) -> bool:
    said = locked.messages.exclude(author=Message.Author.SYSTEM).order_by("-seq")
    return said.values_list("author", flat=True).first() == Message.Author.CUSTOMER
