"""supportbot.api.proxies: a proxy that nobody configured is noticed and told."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import httpx
import pytest
from django.core.checks import CheckMessage
from pytest_django import Settings

from supportbot.api.proxies import unknown_proxy_seen
from supportbot.asgi import application
from supportbot.checks import check_settings

DAY = 86400


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    settings.PROXIES = 0


async def ask(peer: str, **headers: str) -> None:
    transport = httpx.ASGITransport(application, client=(peer, 1234))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        assert (await client.get("/healthz", headers=headers)).status_code == 200


def warnings() -> list[CheckMessage]:
    return [message for message in check_settings() if message.id == "supportbot.W009"]


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
@pytest.mark.parametrize("peer", ["127.0.0.1", "10.0.0.3", "::1", "fd00::7"])
async def test_a_request_through_an_unknown_proxy_brings_a_warning(header: str, peer: str) -> None:
    assert warnings() == []
    await ask(peer, **{header: "203.0.113.9"})
    (warning,) = warnings()
    assert "SUPPORTBOT_PROXIES" in str(warning.hint)


async def test_requests_that_came_directly_bring_none() -> None:
    await ask("127.0.0.1")
    assert warnings() == []


async def test_a_visitor_who_writes_the_header_brings_none() -> None:
    await ask("8.8.8.8", **{"X-Forwarded-For": "10.0.0.1"})
    assert warnings() == []


async def test_a_proxy_that_is_configured_brings_none(settings: Settings) -> None:
    settings.PROXIES = 1
    await ask("127.0.0.1", **{"X-Forwarded-For": "203.0.113.9"})
    settings.PROXIES = 0
    assert not unknown_proxy_seen()


async def test_a_proxy_that_was_taken_away_is_forgotten(tmp_path: Path) -> None:
    await ask("127.0.0.1", **{"X-Forwarded-For": "203.0.113.9"})
    then = dt.datetime.now(dt.UTC).timestamp() - 8 * DAY
    (seen,) = tmp_path.iterdir()
    os.utime(seen, (then, then))
    assert warnings() == []
