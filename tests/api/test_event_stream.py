"""supportbot.api.event_stream: the event log as JSON and as a stream, from a real server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import redis.asyncio
from django.conf import settings
from django.db import transaction
from pytest_django import Settings

from supportbot.answers.threads import in_thread
from supportbot.api import event_stream, visitor_tokens
from supportbot.api.event_stream import Feed, woken
from tickets.models import Conversation
from tickets.services.events import append_event, events_after

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def client(server: str, conversation: Conversation) -> AsyncIterator[httpx.AsyncClient]:
    token = visitor_tokens.issue(conversation.customer_id).token
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{server}/api/v1/conversations/{conversation.pk}/"
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as opened:
        yield opened


@in_thread
@transaction.atomic
def say(conversation: Conversation, *numbers: int) -> list[dict[str, Any]]:
    return [
        append_event(conversation_id=conversation.pk, type="run.status", payload={"number": n})
        for n in numbers
    ]


async def poll(client: httpx.AsyncClient, **params: Any) -> Any:
    response = await client.get("events/", params=params, headers={"Accept": "application/json"})
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    return response.json()["events"]


class Stream:
    """What a browser's EventSource makes of the lines."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.lines = response.aiter_lines()

    async def event(self) -> dict[str, str]:
        """The next event's fields; comments are passed over."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(20):
            async for line in self.lines:
                if line and not line.startswith(":"):
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif not line and "data" in fields:
                    return fields
        raise AssertionError("the stream ended")


@contextlib.asynccontextmanager
async def streaming(client: httpx.AsyncClient, **headers: str) -> AsyncIterator[Stream]:
    sent = {"Accept": "text/event-stream", **headers}
    async with client.stream("GET", "events/", headers=sent) as response:
        assert response.status_code == 200
        yield Stream(response)


# -- JSON -----------------------------------------------------------------------------------------
async def test_events_that_are_there_come_at_once_and_in_order(
    client: httpx.AsyncClient, conversation: Conversation
) -> None:
    sent = await say(conversation, 1, 2, 3)
    assert await poll(client) == sent
    assert await poll(client, after=2) == sent[2:]


async def test_a_poll_waits_for_the_next_event(
    client: httpx.AsyncClient, conversation: Conversation
) -> None:
    waiting = asyncio.create_task(poll(client, wait=20))
    done, _ = await asyncio.wait([waiting], timeout=0.5)
    assert not done
    sent = await say(conversation, 1)
    assert await waiting == sent


async def test_a_poll_that_waits_in_vain_ends_empty(client: httpx.AsyncClient) -> None:
    assert await poll(client, wait=0) == []
    assert await poll(client, wait=1) == []


async def test_a_number_beyond_the_last_one_waits_for_what_is_newer(
    client: httpx.AsyncClient, conversation: Conversation
) -> None:
    await say(conversation, 1)
    assert await poll(client, after=10**17, wait=0) == []


@pytest.mark.parametrize(
    "params", [{"after": "-1"}, {"after": "x"}, {"after": "9" * 5000}, {"wait": "soon"}]
)
async def test_bad_numbers_are_refused(client: httpx.AsyncClient, params: dict[str, str]) -> None:
    response = await client.get("events/", params=params)
    assert (response.status_code, response.json()["code"]) == (400, "invalid")


async def test_a_stranger_gets_no_stream(client: httpx.AsyncClient) -> None:
    for headers in ({"Authorization": ""}, {"Authorization": "Bearer nonsense"}):
        response = await client.get("events/", headers=headers)
        assert response.status_code == 401
    other = client.base_url.join(f"../{uuid.uuid4()}/events/")
    assert (await client.get(other)).status_code == 404


# -- Server-Sent Events ---------------------------------------------------------------------------
async def test_a_stream_replays_and_then_goes_on(
    client: httpx.AsyncClient, conversation: Conversation
) -> None:
    before = await say(conversation, 1, 2)
    async with streaming(client) as stream:
        got = [await stream.event() for _ in before]
        after = await say(conversation, 3)
        got.append(await stream.event())
    assert [json.loads(event["data"]) for event in got] == before + after
    assert [event["id"] for event in got] == ["1", "2", "3"]
    assert {event["event"] for event in got} == {"run.status"}


async def test_a_stream_is_not_kept_back_by_proxies(client: httpx.AsyncClient) -> None:
    async with streaming(client) as stream:
        assert stream.response.headers["Content-Type"] == "text/event-stream"
        assert stream.response.headers["X-Accel-Buffering"] == "no"
        assert "no-cache" in stream.response.headers["Cache-Control"]
        first = await anext(stream.lines)
        async with asyncio.timeout(10):
            # A proxy with a buffer would hold these few bytes back.
            while await anext(stream.lines) != ": open":
                pass
    assert first.startswith(":")
    assert len(first) > 2000


async def test_a_browser_that_comes_back_goes_on_where_it_was(
    client: httpx.AsyncClient, conversation: Conversation
) -> None:
    sent = await say(conversation, 1, 2, 3)
    async with streaming(client, **{"Last-Event-ID": "2"}) as stream:
        assert json.loads((await stream.event())["data"]) == sent[2]


async def test_two_readers_both_get_everything_once(
    client: httpx.AsyncClient, conversation: Conversation
) -> None:
    async with streaming(client) as one, streaming(client) as other:
        for number in range(6):
            await say(conversation, number)
        for stream in (one, other):
            got = [json.loads((await stream.event())["data"]) for _ in range(6)]
            assert [event["seq"] for event in got] == [1, 2, 3, 4, 5, 6]


async def test_what_is_streamed_is_what_is_stored(
    client: httpx.AsyncClient, conversation: Conversation
) -> None:
    await say(conversation, *range(5))
    async with streaming(client) as stream:
        streamed = [json.loads((await stream.event())["data"]) for _ in range(5)]
    assert streamed == await in_thread(events_after)(conversation.pk, 0)


# -- The parts ------------------------------------------------------------------------------------
async def test_a_feed_gives_each_event_once(conversation: Conversation) -> None:
    feed = Feed(conversation.pk, 0)
    first = await say(conversation, 1, 2)
    assert await feed.read() == first
    assert await feed.read() == []
    second = await say(conversation, 3)
    assert await feed.read() == second


async def test_an_event_wakes_who_waits(
    conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "POLL_SECONDS", 600.0)  # the look that needs no waking
    async with woken(conversation.pk) as wait:
        waiting = asyncio.create_task(wait(600))
        await asyncio.sleep(0.1)
        await say(conversation, 1)
        async with asyncio.timeout(60):
            await waiting


async def test_nobody_wakes_for_another_conversation(conversation: Conversation) -> None:
    other = await in_thread(Conversation.objects.create)(customer_id=conversation.customer_id)
    async with woken(conversation.pk) as wait:
        waiting = asyncio.create_task(wait(60))
        await asyncio.sleep(0.1)
        await say(other, 1)
        done, _ = await asyncio.wait([waiting], timeout=0.5)
        assert not done
        waiting.cancel()


async def test_more_streams_than_database_connections_starve_nobody(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    pool = settings.DATABASES["default"]["OPTIONS"]["pool"]
    settings.CONNECTIONS_PER_VISITOR = pool["max_size"] + 10
    async with contextlib.AsyncExitStack() as open_streams:
        for _ in range(pool["max_size"] + 5):
            response = await open_streams.enter_async_context(client.stream("GET", "events/"))
            assert response.status_code == 200
        assert (await client.get("")).status_code == 200
    for _ in range(pool["max_size"] + 5):
        assert (await client.get("")).status_code == 200


async def test_a_poll_leaves_no_subscription_behind(client: httpx.AsyncClient) -> None:
    connection = redis.asyncio.Redis.from_url(settings.REDIS_URL)
    as_json = {"Accept": "application/json"}
    await client.get("events/?wait=0", headers=as_json)
    before = len(await connection.pubsub_channels())
    for _ in range(10):
        await client.get("events/?wait=0", headers=as_json)
    async with asyncio.timeout(10):
        while len(await connection.pubsub_channels()) > before + 1:
            await asyncio.sleep(0.1)
    await connection.aclose()
