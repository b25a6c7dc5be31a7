"""Every API test begins with no requests counted against anybody's rate limit."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis
from django.conf import settings
from django.contrib.auth.models import User
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    redis.Redis.from_url(settings.REDIS_URL).flushdb()


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
