"""Breakers, rests and places are shared through Redis; without it, each process goes on alone."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time

import pytest
from django.conf import settings

from supportbot.llm import health as module
from supportbot.llm.health import FAILURES, Health, RestingError
from supportbot.llm.routes import ModelRoute
from tests.llm.fixtures import forget_health
from tests.openai_server import closed_port

ROUTE = ModelRoute(name="one", model="m", base_url="http://localhost:1/v1")


@pytest.fixture(autouse=True)
def _nothing_known() -> None:
    forget_health()


async def fail(health: Health, times: int = FAILURES, route: ModelRoute = ROUTE) -> None:
    for _ in range(times):
        admission = await health.admit(route)
        await admission.note(failed=True)


async def test_what_fails_for_one_process_is_left_alone_by_all() -> None:
    one, other = Health(settings.REDIS_URL), Health(settings.REDIS_URL)
    await fail(one, FAILURES - 1)
    assert await other.state(ROUTE) == "closed"
    await fail(other, 1)  # failures of all processes count together
    for process in (one, other):
        assert await process.state(ROUTE) == "opened"
        with pytest.raises(RestingError, match="failed several times"):
            await process.admit(ROUTE)


async def test_after_a_while_one_success_closes_it_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OPEN_SECONDS", 0.3)
    one, other = Health(settings.REDIS_URL), Health(settings.REDIS_URL)
    await fail(one)
    assert await other.state(ROUTE) == "opened"
    await asyncio.sleep(0.4)
    assert await other.state(ROUTE) == "half-opened"
    admission = await other.admit(ROUTE)
    await admission.note(failed=False)
    assert await one.state(ROUTE) == "closed"
    await fail(one, FAILURES - 1)  # the count began anew
    assert await other.state(ROUTE) == "closed"


async def test_a_trial_that_fails_opens_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OPEN_SECONDS", 0.3)
    one, other = Health(settings.REDIS_URL), Health(settings.REDIS_URL)
    await fail(one)
    await asyncio.sleep(0.4)
    await fail(other, 1)
    with pytest.raises(RestingError):
        await one.admit(ROUTE)


STATE = """
import asyncio, json, sys, django
django.setup()
from supportbot.llm.health import health
from supportbot.llm.routes import ModelRoute
async def main():
    print(await health().state(ModelRoute.model_validate_json(sys.argv[1])))
asyncio.run(main())
"""


def state_in_another_process(route: ModelRoute) -> str:
    """As a web process of its own sees it."""
    command = [sys.executable, "-c", STATE, route.model_dump_json()]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "supportbot.settings"}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return ended.stdout.strip()


async def test_a_process_of_its_own_sees_the_breaker_open_and_close(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "OPEN_SECONDS", 60.0)
    health = Health(settings.REDIS_URL)
    await fail(health)
    assert await asyncio.to_thread(state_in_another_process, ROUTE) == "opened"
    forget_health()
    monkeypatch.setattr(module, "OPEN_SECONDS", 0.1)
    health = Health(settings.REDIS_URL)
    await fail(health)
    await asyncio.sleep(0.2)
    assert await asyncio.to_thread(state_in_another_process, ROUTE) == "half-opened"
    await (await health.admit(ROUTE)).note(failed=False)
    assert await asyncio.to_thread(state_in_another_process, ROUTE) == "closed"


async def test_a_success_in_between_starts_the_count_again() -> None:
    health = Health(settings.REDIS_URL)
    await fail(health, FAILURES - 1)
    await (await health.admit(ROUTE)).note(failed=False)
    await fail(health, FAILURES - 1)
    assert await health.state(ROUTE) == "closed"


async def test_a_server_that_asks_for_time_gets_it_from_all() -> None:
    one, other = Health(settings.REDIS_URL), Health(settings.REDIS_URL)
    await one.rest(ROUTE, 0.4)
    for process in (one, other):
        with pytest.raises(RestingError, match="asked to be left alone"):
            await process.admit(ROUTE)
    await asyncio.sleep(0.5)
    await other.admit(ROUTE)
    await one.admit(ROUTE)


async def test_routes_to_another_server_are_not_concerned() -> None:
    health = Health(settings.REDIS_URL)
    await fail(health)
    await health.admit(ROUTE.model_copy(update={"model": "another"}))
    with pytest.raises(RestingError):  # the same server and model under another name
        await health.admit(ROUTE.model_copy(update={"name": "two"}))


async def test_only_so_many_calls_run_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PLACE_SECONDS", 0.2)
    one, other = Health(settings.REDIS_URL), Health(settings.REDIS_URL)
    route = ROUTE.model_copy(update={"concurrency": 2})
    first = await one.admit(route)
    await other.admit(route)
    with pytest.raises(RestingError, match="all its 2 places are taken"):
        await one.admit(route)
    await first.leave()
    await other.admit(route)


async def test_without_redis_each_process_counts_alone_and_is_not_held_up() -> None:
    health = Health(f"redis://127.0.0.1:{closed_port()}/0")
    began = time.monotonic()
    route = ROUTE.model_copy(update={"concurrency": 1})
    await (await health.admit(route)).leave()
    await fail(health, route=route)
    with pytest.raises(RestingError):
        await health.admit(route)
    assert time.monotonic() - began < 2


async def test_a_redis_that_hangs_holds_up_one_call_for_a_moment() -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        health = Health(f"redis://127.0.0.1:{port}/0")
        began = time.monotonic()
        for _ in range(5):
            await health.admit(ROUTE)
        assert time.monotonic() - began < 2
