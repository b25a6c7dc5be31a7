"""The model server as a fixture, for every package of tests that needs one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.conf import settings as settings_of_django
from pytest_django import Settings

from supportbot.configuration.environment import configuration_of_environment
from supportbot.llm.health import health_by_loop
from supportbot.llm.routes import ModelRoute, Timeouts
from tests.openai_server import MODEL, ModelServer, run_server

API_KEY = "sk-test-4711"  # the key that the product is told to send


@pytest.fixture
def model_server(settings: Settings) -> Iterator[ModelServer]:
    """A model is configured, and this is it: a test says what it says."""
    forget_health()
    with run_server() as server:
        settings.MODEL = MODEL
        settings.OPENAI_BASE_URL = server.base_url
        settings.OPENAI_API_KEY = API_KEY
        settings.MODEL_TOTAL_SECONDS = 40.0
        settings.FIRST_SENTENCE_SECONDS = 40.0
        limit_silence(settings, short=False)
        yield server


def forget_health() -> None:
    """Forget which servers have failed, in Redis and in this process."""
    client = redis.Redis.from_url(settings_of_django.REDIS_URL)
    for pattern in ("cbr::*", "llm:*"):
        if keys := client.keys(pattern):
            client.delete(*keys)
    health_by_loop.clear()


@pytest.fixture
def route(model_server: ModelServer) -> ModelRoute:
    """The route to that server that the settings give."""
    return configuration_of_environment().routes[0]


def route_to(server: ModelServer, name: str = "model", **fields: Any) -> ModelRoute:
    """A route to a server, patient unless `fields` say otherwise."""
    timeouts = Timeouts(first_token=20, between_tokens=20, total=40)
    given: dict[str, Any] = {"name": name, "base_url": server.base_url, "model": MODEL}
    return ModelRoute(**{**given, "key": "OPENAI_API_KEY", "timeouts": timeouts, **fields})


def limit_silence(settings: Settings, *, short: bool) -> None:
    """Ample on a busy machine; short for a test about a server that says nothing."""
    settings.MODEL_FIRST_TOKEN_SECONDS = settings.MODEL_IDLE_SECONDS = 0.5 if short else 20.0
