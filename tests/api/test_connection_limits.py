"""supportbot.api.connection_limits: places for sockets and streams, a visitor's and in all."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator, Iterator
from multiprocessing.connection import Connection as Pipe

import httpx
import pytest
import redis
from django.conf import settings as configured
from pytest_django import Settings

from supportbot.api import connection_limits, visitor_tokens
from supportbot.api.connection_limits import TooManyConnectionsError, renew, take_place
from tests.api.sockets import Socket, say, socket_of
from tickets.models import Conversation, Customer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _few_places(settings: Settings) -> Iterator[None]:
    settings.CONNECTIONS_PER_VISITOR, settings.CONNECTIONS_IN_ALL = 2, 5
    yield
    connection_limits._held.clear()
    for kept in (connection_limits._client, connection_limits._script):
        kept.cache_clear()


def open_in_all() -> int:
    return int(redis.Redis.from_url(configured.REDIS_URL).zcard("connections:all"))


async def refused(customer: Customer) -> None:
    """Asserts that one more socket is told why and closed."""
    socket = Socket(visitor_tokens.issue(customer.pk).token)
    await socket.open()
    assert (await socket.next())["code"] == "too_many_connections"
    assert await socket.closed_with() == 4429


# -- Places ---------------------------------------------------------------------------------------
async def test_a_place_that_is_left_is_free_again() -> None:
    first, _ = take_place("ada"), take_place("ada")
    with pytest.raises(TooManyConnectionsError, match="too many places"):
        take_place("ada")
    await first.leave()
    take_place("ada")


async def test_all_visitors_together_have_a_limit_too() -> None:
    for number in range(5):
        take_place(f"visitor {number}")
    with pytest.raises(TooManyConnectionsError, match="Too many people"):
        take_place("somebody else")


def test_a_place_that_nobody_renews_runs_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_limits, "HELD_SECONDS", 1)
    kept, _ = take_place("ada"), take_place("ada")
    kept.hold()
    with pytest.raises(TooManyConnectionsError):
        take_place("ada")
    monkeypatch.setattr(connection_limits, "HELD_SECONDS", 60)
    renew()
    _wait_until_free("ada")
    with pytest.raises(TooManyConnectionsError):
        take_place("ada")


def _wait_until_free(visitor: str) -> None:
    for _ in range(100):
        try:
            take_place(visitor)
        except TooManyConnectionsError:
            asyncio.run(asyncio.sleep(0.05))
        else:
            return
    raise AssertionError("no place became free")


def test_what_redis_has_lost_is_put_back() -> None:
    for _ in range(2):
        take_place("ada").hold()
    redis.Redis.from_url(configured.REDIS_URL).flushdb()
    renew()
    with pytest.raises(TooManyConnectionsError):
        take_place("ada")


async def test_a_place_left_while_it_is_renewed_stays_free() -> None:
    place = take_place("ada")
    place.hold()
    renewing = asyncio.create_task(asyncio.to_thread(renew))
    await place.leave()
    await renewing
    renew()
    assert open_in_all() == 0


def test_without_redis_nobody_is_refused(settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    connection_limits._client.cache_clear()
    connection_limits._script.cache_clear()
    for _ in range(4):
        take_place("ada").hold()
    renew()


def _hold_two(url: str, pipe: Pipe) -> None:
    configured.REDIS_URL = url
    connection_limits._client.cache_clear()
    connection_limits._script.cache_clear()
    connection_limits.HELD_SECONDS = 2
    for _ in range(2):
        take_place("ada").hold()
    while True:
        renew()
        pipe.send("renewed")
        pipe.recv()


def test_the_places_of_a_process_that_is_killed_become_free() -> None:
    here, there = multiprocessing.Pipe()
    other = multiprocessing.get_context("fork").Process(
        target=_hold_two, args=(configured.REDIS_URL, there)
    )
    other.start()
    assert other.pid is not None
    try:
        for _ in range(3):
            assert here.poll(20) and here.recv() == "renewed"
            with pytest.raises(TooManyConnectionsError):
                take_place("ada")
            here.send("again")
    finally:
        os.kill(other.pid, signal.SIGKILL)
        other.join()
    _wait_until_free("ada")


async def until_open(count: int) -> None:
    """A place is taken after the connection is accepted."""
    while open_in_all() < count:
        await asyncio.sleep(0.01)


# -- Sockets --------------------------------------------------------------------------------------
async def test_one_socket_too_many_is_told_and_the_others_go_on(
    conversation: Conversation, ada: Customer
) -> None:
    async with (
        socket_of(ada.pk, after=0) as one,
        socket_of(ada.pk, after=0) as other,
    ):
        await until_open(2)
        await refused(ada)
        sent = await say(conversation)
        assert [await one.next(), await other.next()] == sent * 2
    async with socket_of(ada.pk, after=0) as next_one:
        assert await next_one.next() == sent[0]
    assert open_in_all() == 0


async def test_a_socket_with_a_wrong_token_takes_no_place() -> None:
    socket = Socket("nonsense")
    await socket.open()
    assert await socket.closed_with() == 4401
    assert open_in_all() == 0


# -- Streams --------------------------------------------------------------------------------------
@pytest.fixture
async def client(server: str, conversation: Conversation) -> AsyncIterator[httpx.AsyncClient]:
    token = visitor_tokens.issue(conversation.customer_id).token
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{server}/api/v1/conversations/{conversation.pk}/"
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as opened:
        yield opened


async def test_one_stream_too_many_is_refused_until_another_ends(
    client: httpx.AsyncClient, conversation: Conversation
) -> None:
    sse = {"Accept": "text/event-stream"}
    async with client.stream("GET", "events/", headers=sse) as first:
        assert first.status_code == 200
        async with socket_of(conversation.customer_id, after=0):
            await until_open(2)
            response = await client.get("events/", headers=sse)
            assert (response.status_code, response.json()["code"]) == (429, "too_many_connections")
    for _ in range(100):
        if open_in_all() == 0:
            break
        await asyncio.sleep(0.05)
    await say(conversation)
    polled = await client.get("events/", headers={"Accept": "application/json"})
    assert len(polled.json()["events"]) == 1


async def test_a_poll_that_has_answered_leaves_its_place(
    client: httpx.AsyncClient, conversation: Conversation
) -> None:
    await say(conversation)
    for _ in range(6):
        polled = await client.get("events/", headers={"Accept": "application/json"})
        assert polled.status_code == 200
