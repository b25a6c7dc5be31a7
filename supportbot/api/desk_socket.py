"""The agents' WebSocket, `/ws/desk/`: says "changed" when their pages are out of date.

What has changed the pages ask the admin, which knows what each agent may see.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import structlog
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest, parse_cookie
from redis.exceptions import RedisError

from supportbot.answers.threads import in_thread
from supportbot.api.realtime import CLOSE_BAD_ORIGIN, is_same_origin
from tickets.services.desk import DESK_GROUP

log = structlog.get_logger(__name__)

CLOSE_NO_AGENT = 4401


class DeskConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    async def connect(self) -> None:
        await self.accept()
        if not is_same_origin(self.scope):
            await self.close(CLOSE_BAD_ORIGIN)
        elif not await _is_agent(self.scope):
            await self.close(CLOSE_NO_AGENT)
        else:
            await self._listen()

    async def _listen(self) -> None:
        try:
            await self.channel_layer.group_add(DESK_GROUP, self.channel_name)
        except (RedisError, OSError) as error:
            log.warning("channel_layer_unavailable", error=str(error))
            await self.close()  # the page asks from time to time, and connects again

    async def disconnect(self, code: int) -> None:
        try:
            await self.channel_layer.group_discard(DESK_GROUP, self.channel_name)
        except (RedisError, OSError) as error:
            log.warning("channel_layer_unavailable", error=str(error))

    async def desk_changed(self, event: dict[str, Any]) -> None:
        await self.send("changed")


@in_thread
def _is_agent(scope: dict[str, Any]) -> bool:
    """Whether the session's user may see tickets."""
    cookies = parse_cookie(dict(scope["headers"]).get(b"cookie", b"").decode("latin-1"))
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(
        cookies.get(settings.SESSION_COOKIE_NAME)
    )
    user = get_user(request)
    return user.is_active and user.is_staff and user.has_perm("tickets.view_ticket")
