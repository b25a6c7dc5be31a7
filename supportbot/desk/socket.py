"""The agents' WebSocket, `/ws/desk/`: says "changed" when their pages are out of date, and who else
is at the conversation that a page shows.

What has changed the pages ask the desk's views, which know what each agent may see.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
import json
import time
from contextlib import suppress
from importlib import import_module
from typing import Any
from uuid import UUID

import structlog
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import HttpRequest, parse_cookie
from django.utils import timezone
from redis.exceptions import RedisError

from supportbot.accounts import two_factor
from supportbot.accounts.second_step import VERIFIED
from supportbot.answers.threads import in_thread
from supportbot.api.realtime import CLOSE_BAD_ORIGIN, is_same_origin
from supportbot.api.sockets import SocketConsumer
from supportbot.desk.access import tickets_for
from supportbot.desk.presence import (
    Person,
    note_agent,
    note_left,
    read_presence,
    watch_group,
)
from tickets.models import Conversation, Team
from tickets.models.visibility import sees_all
from tickets.services.availability import note_seen
from tickets.services.desk import DESK_GROUP
from tickets.services.events import group_of, iso, notify
from tickets.services.names import display_name, staff_name

log = structlog.get_logger(__name__)

CLOSE_NO_AGENT = 4401
MOST_CHARACTERS = 2000
TYPING_APART = 3.0  # seconds between two words to the customer that somebody types
NOTED_EVERY = 12  # checks; once a minute
CHECKED_SECONDS = 5.0  # after so long a session that has ended is noticed
KINDS = ("", "reply", "note")


class DeskConsumer(SocketConsumer):
    user: User
    watched: UUID | None = None
    told_typing_at = 0.0
    teams: frozenset[int] | None = frozenset()  # private ones that the user is in; None: sees all
    checks: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        await self.accept()
        if not is_same_origin(self.scope):
            await self.close(CLOSE_BAD_ORIGIN)
            return
        user = await _agent_of(self.scope)
        if user is None:
            await self.close(CLOSE_NO_AGENT)
            return
        self.user, self.teams = user, await _private_teams_of(user)
        await self._listen()
        await in_thread(note_seen)(self.user)
        self.checks = asyncio.create_task(self._keep_checking())

    async def _keep_checking(self) -> None:
        """Close when the session ends, however it does: log-out, “sign out everywhere”, another
        password, a user switched off, age. Leave a conversation that has gone to a closed team.
        Note now and then that the agent is there."""
        for checked in itertools.count(1):
            await asyncio.sleep(CHECKED_SECONDS)
            try:
                if checked % NOTED_EVERY == 0:
                    await in_thread(note_seen)(self.user)
                user = await _agent_of(self.scope)
                if user is None:
                    with suppress(OSError):  # the page has gone meanwhile
                        await self.close(CLOSE_NO_AGENT)
                    return
                self.user, self.teams = user, await _private_teams_of(user)
                if self.watched is not None and not await _may_watch(user, self.watched):
                    await self._leave()
            except DatabaseError as error:
                log.warning("session_not_checked", error=str(error))

    async def _listen(self) -> None:
        try:
            await self.channel_layer.group_add(DESK_GROUP, self.channel_name)
        except (RedisError, OSError) as error:
            log.warning("channel_layer_unavailable", error=str(error))
            await self.close()  # the page asks from time to time, and connects again

    async def disconnect(self, code: int) -> None:
        if self.checks is not None:
            self.checks.cancel()
        await self._leave()
        try:
            await self.channel_layer.group_discard(DESK_GROUP, self.channel_name)
        except (RedisError, OSError) as error:
            log.warning("channel_layer_unavailable", error=str(error))

    # -- what the page says ----------------------------------------------------------------------
    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """`{"type": "watch", "conversation": ID or null, "typing": "", "reply" or "note"}`, again
        every 15 seconds. Anything else is passed over."""
        frame = _parse(text_data)
        if not hasattr(self, "user") or frame is None:
            return
        if frame["conversation"] != self.watched:
            await self._leave()
            if frame["conversation"] is None:
                return
            if not await _may_watch(self.user, frame["conversation"]):
                return
            await self._enter(frame["conversation"])
        if self.watched is not None:
            await self._note(self.watched, frame["typing"])

    async def _enter(self, conversation: UUID) -> None:
        self.watched = conversation
        try:
            for group in (group_of(conversation), watch_group(conversation)):
                await self.channel_layer.group_add(group, self.channel_name)
        except (RedisError, OSError) as error:
            log.warning("channel_layer_unavailable", error=str(error))

    async def _leave(self) -> None:
        if self.watched is None:
            return
        left, self.watched = self.watched, None
        try:
            for group in (group_of(left), watch_group(left)):
                await self.channel_layer.group_discard(group, self.channel_name)
            await _in_any_thread(note_left)(left, self._person())
            await self.channel_layer.group_send(watch_group(left), {"type": "desk.presence"})
        except (RedisError, OSError) as error:
            log.warning("channel_layer_unavailable", error=str(error))

    async def _note(self, conversation: UUID, typing: str) -> None:
        await _in_any_thread(note_agent)(conversation, self._person(typing))
        try:
            await self.channel_layer.group_send(
                watch_group(conversation), {"type": "desk.presence"}
            )
        except (RedisError, OSError) as error:
            log.warning("channel_layer_unavailable", error=str(error))
        now = time.monotonic()
        if typing == "reply" and now - self.told_typing_at >= TYPING_APART:
            self.told_typing_at = now
            await in_thread(_tell_customer)(conversation, self.user)

    def _person(self, typing: str = "") -> Person:
        return Person(self.user.pk, staff_name(self.user), typing)

    # -- what the page is told -------------------------------------------------------------------
    async def desk_changed(self, event: dict[str, Any]) -> None:
        """Only of what the user may see: the moment alone would tell an outsider something."""
        if self.teams is not None and not self.teams.issuperset(event.get("teams", ())):
            return
        await self._say(type="changed", conversation=event.get("conversation"))

    async def conversation_event(self, event: dict[str, Any]) -> None:
        """Of the conversation that is open: also the bot's answer, sentence by sentence."""
        if event["event"]["seq"] and event["conversation"] == str(self.watched):
            await self._say(type="changed", conversation=event["conversation"])

    async def customer_signed_out(self, event: dict[str, Any]) -> None:
        """Said to the widgets of a conversation; nothing to an agent."""

    async def desk_presence(self, event: dict[str, Any]) -> None:
        if self.watched is None:
            return
        found = await _in_any_thread(read_presence)(self.watched)
        others = [one for one in found.people if one.id != self.user.pk]
        await self._say(
            type="presence",
            conversation=str(self.watched),
            people=[{"name": one.name, "typing": one.typing} for one in others],
            customer_types=found.customer_types,
        )

    async def _say(self, **frame: Any) -> None:
        await self.send(json.dumps(frame))


def _in_any_thread(function: Any) -> Any:
    return sync_to_async(function, thread_sensitive=False)


def _parse(text: str | None) -> dict[str, Any] | None:
    """The frame, or None if it is none that the desk knows."""
    if text is None or len(text) > MOST_CHARACTERS:
        return None
    try:
        raw = json.loads(text)
        wanted = raw.get("conversation")
        conversation = UUID(wanted) if wanted is not None else None
    except (ValueError, AttributeError, TypeError, RecursionError):
        return None
    if raw.get("type") != "watch" or raw.get("typing", "") not in KINDS:
        return None
    return {"conversation": conversation, "typing": raw.get("typing", "")}


def _tell_customer(conversation_id: UUID, agent: User) -> None:
    """Show the customer that somebody types, where a person is already speaking."""
    speaks = Conversation.State.AGENT
    if Conversation.objects.filter(pk=conversation_id, state=speaks).exists():
        now = iso(timezone.now().astimezone(dt.UTC))
        name = display_name(agent) or ""
        notify(conversation_id, {"seq": 0, "type": "agent.typing", "at": now, "agent_name": name})


@in_thread
def _may_watch(user: User, conversation: UUID) -> bool:
    fresh = User.objects.filter(pk=user.pk, is_active=True, is_staff=True).first()
    try:
        return fresh is not None and tickets_for(fresh).filter(conversation=conversation).exists()
    except PermissionDenied:
        return False


@in_thread
def _agent_of(scope: dict[str, Any]) -> User | None:
    """The session's user, if they may see tickets."""
    cookies = parse_cookie(dict(scope["headers"]).get(b"cookie", b"").decode("latin-1"))
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(
        cookies.get(settings.SESSION_COOKIE_NAME)
    )
    user = get_user(request)
    if not isinstance(user, User) or not (user.is_active and user.is_staff):
        return None
    if two_factor.is_required(user) and not request.session.get(VERIFIED):
        return None
    return user if user.has_perm("tickets.view_ticket") else None


@in_thread
def _private_teams_of(user: User) -> frozenset[int] | None:
    if sees_all(user):
        return None
    mine = Team.objects.filter(is_private=True, members=user.pk)
    return frozenset(mine.values_list("pk", flat=True))
