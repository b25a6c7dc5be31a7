"""Every API test begins with no requests counted against anybody's rate limit."""

from __future__ import annotations

import socket as sockets
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import redis
import uvicorn
from django.conf import settings as configured
from django.contrib.auth.models import User
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from tests.api.sockets import Socket, socket_of
from tickets.models import Conversation


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    redis.Redis.from_url(configured.REDIS_URL).flushdb()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The product's own ASGI application behind uvicorn; its HTTP part, without the lifespan."""
    from supportbot.asgi import application

    with sockets.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(application, lifespan="off", log_level="warning")
        running = uvicorn.Server(config)
        thread = threading.Thread(target=running.run, args=([listener],), daemon=True)
        thread.start()
        deadline = time.monotonic() + 30
        while not running.started and time.monotonic() < deadline:
            time.sleep(0.02)
        host, port = listener.getsockname()
        yield f"http://{host}:{port}"
        running.should_exit = running.force_exit = True
        thread.join(10)


def as_visitor(token: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


ApiOf = Callable[[User], APIClient]


@pytest.fixture
def api_of() -> ApiOf:
    """Somebody's API client, by token."""

    def with_token(user: User) -> APIClient:
        client = APIClient()
        token, _ = Token.objects.get_or_create(user=user)
        client.credentials(HTTP_AUTHORIZATION=f"Token {token.key}")
        return client

    return with_token


@pytest.fixture
def cleo_api(api_of: ApiOf, cleo: User) -> APIClient:
    return api_of(cleo)


@pytest.fixture
async def socket(conversation: Conversation) -> AsyncIterator[Socket]:
    """Ada's, open, before hello."""
    async with socket_of(conversation.customer_id) as opened:
        yield opened


@pytest.fixture
async def talk(socket: Socket) -> Socket:
    """Ada's, after hello."""
    await socket.send(type="hello", after=0)
    return socket
