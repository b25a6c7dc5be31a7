"""A widget's end of the WebSocket, for tests, and database helpers that coroutines can call."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from asgiref.testing import ApplicationCommunicator
from channels.testing import WebsocketCommunicator
from django.db import transaction
from django.db.models import Model

from supportbot.answers.threads import in_thread
from supportbot.api import visitor_tokens
from supportbot.asgi import application
from tickets.models import Conversation
from tickets.services.events import append_event, events_after

CONTRACT = json.loads((Path(__file__).parents[1] / "contracts" / "realtime.json").read_text())
SECONDS = 10  # how long a socket may take before the test gives up
MESSAGE = {"type": "message", "client_id": "c-1", "text": "Can I return beans?"}


class Communicator(WebsocketCommunicator):  # type: ignore[misc]
    """Channels' own keeps database connections open, for tests inside one transaction. These tests
    commit, and the pool would run dry, so connections are closed as in production."""

    async def send_input(self, message: dict[str, Any]) -> None:
        await ApplicationCommunicator.send_input(self, message)  # type: ignore[no-untyped-call]

    async def receive_output(self, timeout: float = 1) -> Any:
        return await ApplicationCommunicator.receive_output(self, timeout)  # type: ignore[no-untyped-call]


class Socket:
    """A widget's end of the socket."""

    def __init__(self, token: str, *, origin: str = "", host: str = "shop.example") -> None:
        headers = [(b"host", host.encode())]
        headers += [(b"origin", origin.encode())] if origin else []
        protocols = [CONTRACT["subprotocol"], f"{CONTRACT['token_subprotocol_prefix']}{token}"]
        self.conversation = ""
        self.end = Communicator(application, "/ws/chat/", headers, protocols)

    async def open(self) -> Any:
        """The subprotocol that the server chose."""
        connected, chosen = await self.end.connect(timeout=SECONDS)
        assert connected
        return chosen

    async def send(self, **frame: Any) -> None:
        await self.end.send_to(text_data=json.dumps(frame))

    async def next(self, seconds: float = SECONDS) -> dict[str, Any]:
        """The next event; which conversation it belongs to is noted in `conversation`."""
        event: dict[str, Any] = await self.end.receive_json_from(timeout=seconds)
        if event["type"] == "conversation.opened":
            self.conversation = event["conversation"]
            return await self.next(seconds)
        return event

    async def events(self, count: int) -> list[dict[str, Any]]:
        return [await self.next() for _ in range(count)]

    async def closed_with(self) -> int:
        output = await self.end.receive_output(timeout=SECONDS)
        assert output["type"] == "websocket.close"
        return int(output["code"])


@asynccontextmanager
async def socket_of(customer_id: uuid.UUID, **hello: Any) -> AsyncIterator[Socket]:
    async with socket_of_token(visitor_tokens.issue(customer_id).token) as socket:
        if hello:
            await socket.send(type="hello", **hello)
        yield socket


@asynccontextmanager
async def socket_of_token(token: str) -> AsyncIterator[Socket]:
    socket = Socket(token)
    await socket.open()
    try:
        yield socket
    finally:
        await socket.end.disconnect()


@in_thread
@transaction.atomic
def say(conversation: Conversation, count: int = 1) -> list[dict[str, Any]]:
    return [
        append_event(conversation_id=conversation.pk, type="run.status", payload={"number": n})
        for n in range(count)
    ]


stored = in_thread(events_after)


@in_thread
def count(model: type[Model]) -> int:
    return model._default_manager.count()


@in_thread
def only(model: type[Model]) -> Any:
    return model._default_manager.get()
