"""Every API test begins with no requests counted against anybody's rate limit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest
import redis
from django.conf import settings as configured
from django.contrib.auth.models import User
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from tests.api.sockets import Socket, socket_of
from tickets.models import Conversation


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    redis.Redis.from_url(configured.REDIS_URL).flushdb()


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
