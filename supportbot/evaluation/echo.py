"""A bare Channels consumer that says back what it hears: what a socket costs by itself. It is
served as the product is, `uvicorn supportbot.evaluation.echo:application`, without the product."""

from __future__ import annotations

from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter
from django.conf import settings

settings.configure()


class EchoConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels carries no types
    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        await self.send(text_data=text_data)


application = ProtocolTypeRouter({"websocket": EchoConsumer.as_asgi()})
