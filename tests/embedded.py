"""Pytest plugin, loaded before Django's settings: one PostgreSQL and one Redis for all tests."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.servers import start_test_servers

# Everything a test writes lies here; converted models are kept between test runs, because
# converting costs ten seconds and says nothing about the code under test.
_data = Path(tempfile.mkdtemp(prefix="supportbot-tests-"))
_models = Path(tempfile.gettempdir()) / "supportbot-test-models"

for _name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "SUPPORTBOT_MODEL"):
    os.environ.pop(_name, None)  # a developer's own model must not answer in the tests
os.environ["SUPPORTBOT_DATA_DIR"] = str(_data)
os.environ.setdefault("SUPPORTBOT_MODELS_DIR", str(_models))
os.environ["SUPPORTBOT_LOG_LEVEL"] = "WARNING"
_servers = start_test_servers()
os.environ["DATABASE_URL"] = _servers.database_url
os.environ["REDIS_URL"] = _servers.redis_url


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers; they would end with this process anyway, but not remove their folder."""
    _servers.stop()
    shutil.rmtree(_data, ignore_errors=True)
