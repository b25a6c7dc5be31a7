"""The model server as a fixture, for every package of tests that needs one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.openai_server import MODEL, ModelServer, run_server

API_KEY = "sk-test-4711"  # the key that the product is told to send


@pytest.fixture
def model_server(settings: Settings) -> Iterator[ModelServer]:
    """A model is configured, and this is it: a test says what it says."""
    with run_server() as server:
        settings.MODEL = MODEL
        settings.OPENAI_BASE_URL = server.base_url
        settings.OPENAI_API_KEY = API_KEY
        settings.MODEL_TOTAL_SECONDS = 40.0
        limit_silence(settings, short=False)
        yield server


def limit_silence(settings: Settings, *, short: bool) -> None:
    """Ample on a busy machine; short for a test about a server that says nothing."""
    settings.MODEL_FIRST_TOKEN_SECONDS = settings.MODEL_IDLE_SECONDS = 0.5 if short else 20.0
