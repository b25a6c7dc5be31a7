"""A site, and nothing kept from earlier tests about when it may be visited."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis
from django.conf import settings
from pytest_django import Settings

from knowledge.web import visits
from tests.knowledge.web.site import Site


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.stop()


@pytest.fixture(autouse=True)
def _forgotten_visits() -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        for key in client.scan_iter("web:*"):
            client.delete(key)


@pytest.fixture(autouse=True)
def _localhost_is_allowed(settings: Settings) -> None:
    settings.WEB_ALLOWED_PRIVATE_HOSTS = ["localhost"]


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """What pauses are for is tested where it is the point."""
    monkeypatch.setattr(visits, "SECONDS_BETWEEN", 0.0)
