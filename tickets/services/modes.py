"""What the bot does in a channel: set by hand for the channel, or else as configured.

A switch holds at once: conversations that are open follow, save those whose mode an agent has set
to another one.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from tickets.models import ChannelMode, Conversation
from tickets.services import audit

Channel, Mode = ChannelMode.Channel, Conversation.Mode


def _of_settings() -> str:
    return str(settings.ANSWER_MODE)


_of_configuration: Callable[[], str] = _of_settings


def set_default_mode(mode: Callable[[], str]) -> None:
    """Say where the mode of chats comes from. Called once, when a process starts."""
    global _of_configuration  # noqa: PLW0603
    _of_configuration = mode


def configured_mode(channel: str) -> str:
    """What holds where none is set by hand."""
    if channel == Channel.EMAIL:
        return str(settings.MAIL.mode)
    return str(Mode.REPLY) if channel == Channel.API else _of_configuration()


def mode_of(channel: str) -> str:
    """What the bot does in new conversations of a channel, a value of Conversation.Mode."""
    by_hand = ChannelMode.objects.filter(channel=channel).values_list("mode", flat=True).first()
    return by_hand or configured_mode(channel)


@transaction.atomic
def change_mode(*, conversation: Conversation, mode: str, agent: AbstractBaseUser) -> None:
    """Decide what the bot does in a conversation from now on."""
    locked = Conversation.objects.select_for_update().get(pk=conversation.pk)
    if locked.mode == mode:
        return
    audit.record(
        action="conversation.mode_changed",
        target=locked,
        actor=agent,
        before=locked.mode,
        after=mode,
    )
    locked.mode = Conversation.Mode(mode)
    locked.save(update_fields=["mode", "updated_at"])


def let_open_ones_follow(*, channel: str, before: str, after: str, agent: AbstractBaseUser) -> int:
    """Switch the open conversations that were in the channel's mode; returns how many."""
    if before == after or channel not in Conversation.Channel.values:
        return 0
    unclosed = Conversation.objects.exclude(state=Conversation.State.CLOSED)
    following = list(unclosed.filter(channel=channel, mode=before).order_by("pk"))
    for conversation in following:
        change_mode(conversation=conversation, mode=after, agent=agent)
    return len(following)
