"""The embedding endpoint hangs for a minute under twenty conversations: no lease is lost, sockets
are served meanwhile, and every customer is told or answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from typing import Any

import pytest
from pytest_django import Settings

from knowledge.embedding import encoder as encoders
from supportbot.answers.models import AnswerRun
from supportbot.answers.runner import runner
from supportbot.answers.threads import in_search_thread
from tests.answers.asking import in_database
from tests.api.sockets import Socket, socket_of
from tests.conftest import RETURNS_POLICY, Publish
from tests.knowledge.embedding.test_endpoint import embeddings
from tests.openai_server import ModelServer, Request, Wire, run_server
from tickets.models import Conversation
from tickets.services.conversations import register_visitor, start_conversation

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

NAME = "openai:text-embedding-hanging"
CONVERSATIONS = 20
HANGS_SECONDS = 60.0
PROMPT_SECONDS = 9.0  # for what needs no embedding, on a busy machine; the endpoint's limit is 10
ENDS = {"answer.completed", "error"}


@pytest.fixture
def endpoint(settings: Settings) -> Iterator[ModelServer]:
    with run_server() as running:
        settings.EMBEDDING_MODEL = NAME
        settings.EMBEDDING_BASE_URL = running.base_url
        running.says(embeddings)
        yield running
    encoders._encoders.pop(NAME, None)


@pytest.fixture
def document(endpoint: ModelServer, publish: Publish) -> ModelServer:
    publish(RETURNS_POLICY, title="Returns policy")
    return endpoint


async def hang(wire: Wire, request: Request) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(HANGS_SECONDS):
            await wire.until_client_leaves()


def visitors() -> list[Conversation]:
    return [start_conversation(customer=register_visitor()) for _ in range(CONVERSATIONS)]


async def until_end(socket: Socket) -> dict[str, Any]:
    """The event that ends the answer."""
    while (event := await socket.next(HANGS_SECONDS))["type"] not in ENDS:
        pass
    return event


async def until_type(socket: Socket, *types: str) -> float:
    """Seconds until such an event came."""
    started = time.monotonic()
    while (await socket.next())["type"] not in types:
        pass
    return time.monotonic() - started


async def test_a_hanging_embedding_endpoint_costs_no_lease_and_no_socket(
    document: ModelServer,
) -> None:
    conversations = await in_database(visitors)
    await runner.start()
    try:
        async with AsyncExitStack() as stack:
            await _answer_one(stack)
            document.says(hang)
            sockets = [
                await stack.enter_async_context(socket_of(one.customer_id, after=0))
                for one in conversations
            ]
            for number, socket in enumerate(sockets):
                text = f"Can I return the opened coffee beans of order {number}?"
                await socket.send(type="message", client_id="c-1", text=text)
            # Sockets are served while all searches wait.
            shown = await asyncio.gather(*(until_type(one, "message.created") for one in sockets))
            assert max(shown) < PROMPT_SECONDS
            await asyncio.sleep(3)
            asked = await asyncio.gather(*(_ask_for_a_person(one) for one in sockets[:5]))
            assert max(asked) < PROMPT_SECONDS
            newcomer = (await in_database(visitors))[0]
            opened = time.monotonic()
            late = await stack.enter_async_context(socket_of(newcomer.customer_id, after=0))
            await _ask_for_a_person(late)
            assert time.monotonic() - opened < PROMPT_SECONDS
            ended = await asyncio.gather(*(until_end(one) for one in sockets[5:]))
            assert {event["type"] for event in ended} == {"error"}
            assert all(event["text"] and event["retryable"] for event in ended)
            await _until_all_ended()
            for socket in sockets:
                assert not socket.end.future.done()  # no socket was dropped
    finally:
        await runner.stop()
        await _until_searches_are_over()
    runs = await in_database(lambda: list(AnswerRun.objects.exclude(error_code="")))
    assert len(runs) == CONVERSATIONS
    assert {run.attempts for run in runs} == {1}  # no lease was lost
    # The second is the limit of an early stage, which a busy machine may reach.
    assert {run.error_code for run in runs} <= {"search_failed", "answer_failed"}


async def _answer_one(stack: AsyncExitStack) -> None:
    """All models are loaded afterwards, as before a server says that it is ready."""
    conversation = (await in_database(visitors))[0]
    socket = await stack.enter_async_context(socket_of(conversation.customer_id, after=0))
    await socket.send(type="message", client_id="c-0", text="Can I return opened goods?")
    assert (await until_end(socket))["type"] == "answer.completed"


async def _ask_for_a_person(socket: Socket) -> float:
    await socket.send(type="handover")
    return await until_type(socket, "handover.changed")


async def _until_all_ended() -> None:
    async with asyncio.timeout(HANGS_SECONDS):
        while await in_database(AnswerRun.objects.unfinished().exists):
            await asyncio.sleep(0.2)


async def _until_searches_are_over() -> None:
    """A thread that waits for the endpoint goes on after its run has ended; no other test is to
    wait for it."""
    await asyncio.gather(*(in_search_thread(time.sleep)(0.1) for _ in range(CONVERSATIONS)))
