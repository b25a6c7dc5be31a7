"""The client against a real server: the whole text, or a ModelError that says what went wrong."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest
from pytest_django import Settings

from supportbot.configuration.environment import configuration_of_environment
from supportbot.llm.client import Call, ModelError, stream_completion
from tests.llm.fixtures import API_KEY, limit_silence
from tests.llm.scenarios import (
    BAD,
    GOOD,
    first_part,
    normal,
    odd_numbers,
    slow_first_byte,
    status,
    unstorable_characters,
)
from tests.openai_server import (
    MODEL,
    ModelServer,
    Request,
    Wire,
    begin,
    chunk,
    closed_port,
    end,
    wait_for,
)

TEXT = "You can return it – unopened – for £3.95. Ça va? 退货需在三十天内。 Bye 👋🏽."
MESSAGES = [{"role": "user", "content": "May I?"}]


def completion(**changed: object) -> Call:
    """A call of the route that the settings give, with some of it changed."""
    route = configuration_of_environment().routes[0].model_copy(update=changed)
    return Call(route, "answer", MESSAGES)


async def read(wanted: Call) -> tuple[str, str]:
    """(what came, the error's code or "")."""
    deltas: list[str] = []
    try:
        async for delta in stream_completion(wanted):
            deltas.append(delta)  # noqa: PERF401  (what came before an error counts too)
    except ModelError as error:
        return "".join(deltas), error.code
    return "".join(deltas), ""


@pytest.mark.parametrize("name", GOOD)
async def test_a_complete_answer_comes_whole(name: str, model_server: ModelServer) -> None:
    model_server.says(GOOD[name](TEXT))
    assert await read(completion()) == (TEXT, "")


@pytest.mark.parametrize("name", BAD)
async def test_no_incomplete_answer_passes_for_a_complete_one(
    name: str, model_server: ModelServer, settings: Settings
) -> None:
    scenario, code = BAD[name]
    limit_silence(settings, short=code == "slow")
    model_server.says(scenario(TEXT))
    text, found = await read(completion())
    assert found == code
    assert TEXT.startswith(text)


@pytest.mark.parametrize("name", ["closed in mid-sentence", "closed in mid-chunk", "reset"])
async def test_what_came_before_the_break_is_handed_on(
    name: str, model_server: ModelServer
) -> None:
    model_server.says(BAD[name][0](TEXT))
    assert await read(completion()) == (first_part(TEXT), "broken_off")


async def test_nobody_listens(settings: Settings) -> None:
    settings.MODEL, settings.OPENAI_API_KEY = MODEL, API_KEY
    settings.OPENAI_BASE_URL = f"http://127.0.0.1:{closed_port()}/v1"
    assert await read(completion()) == ("", "unavailable")


async def test_a_busy_server_is_asked_once_more_when_it_says_soon(
    model_server: ModelServer,
) -> None:
    model_server.says(status(429, retry_after="1")(TEXT), normal(TEXT))
    assert await read(completion()) == (TEXT, "")
    assert len(model_server.requests) == 2


async def test_a_server_that_stays_busy_is_asked_twice_at_most(model_server: ModelServer) -> None:
    model_server.says(status(503, retry_after="0")(TEXT))
    assert await read(completion()) == ("", "unavailable")
    assert len(model_server.requests) == 2


@pytest.mark.parametrize("wait", ["60", "2.5", "-1", "nan", "inf", "soon", ""])
async def test_nobody_waits_for_a_server_that_names_no_short_time(
    wait: str, model_server: ModelServer
) -> None:
    model_server.says(status(429, retry_after=wait)(TEXT), normal(TEXT))
    assert await read(completion()) == ("", "rate_limited")
    assert len(model_server.requests) == 1


async def test_an_error_that_waiting_does_not_cure_is_not_tried_again(
    model_server: ModelServer,
) -> None:
    model_server.says(status(500, retry_after="0")(TEXT), normal(TEXT))
    assert await read(completion()) == ("", "unavailable")
    assert len(model_server.requests) == 1


async def test_the_tokens_and_the_model_are_noted(model_server: ModelServer) -> None:
    model_server.says(normal(TEXT))
    wanted = completion()
    await read(wanted)
    assert (wanted.model, wanted.tokens_in, wanted.tokens_out) == (MODEL, 812, 34)


async def test_odd_token_counts_and_names_are_made_storable(model_server: ModelServer) -> None:
    model_server.says(odd_numbers(TEXT))
    wanted = completion()
    await read(wanted)
    assert (wanted.tokens_in, wanted.tokens_out) == (0, 0)
    assert len(wanted.model) == 200


async def test_no_character_comes_that_cannot_be_stored(model_server: ModelServer) -> None:
    model_server.says(unstorable_characters(TEXT))
    assert await read(completion()) == (f"{TEXT} ?", "")


async def test_the_words_come_while_the_server_still_speaks(model_server: ModelServer) -> None:
    gate = threading.Event()

    async def scenario(wire: Wire, request: Request) -> None:
        await begin(wire)
        await wire.event(chunk({"content": "One. "}))
        await wait_for(gate)
        await wire.event(chunk({"content": "Two."}))
        await end(wire)

    model_server.says(scenario)
    deltas = stream_completion(completion())
    assert await anext(deltas) == "One. "
    gate.set()
    assert [delta async for delta in deltas] == ["Two."]


async def test_the_total_time_never_cancels_whoever_uses_the_words(
    model_server: ModelServer, settings: Settings
) -> None:
    settings.MODEL_TOTAL_SECONDS = 0.5
    model_server.says(BAD["stall in the middle"][0](TEXT))
    with pytest.raises(ModelError, match="slow"):
        async for _ in stream_completion(completion()):
            await asyncio.sleep(0.1)  # longer, all in all, than the model may take


async def test_waiting_for_the_server_ends_with_the_total_time(
    model_server: ModelServer, settings: Settings
) -> None:
    settings.MODEL_TOTAL_SECONDS = 0.4
    model_server.says(slow_first_byte(TEXT))
    assert await read(completion()) == ("", "slow")


async def test_a_reader_who_leaves_ends_the_request(model_server: ModelServer) -> None:
    left = threading.Event()

    async def scenario(wire: Wire, request: Request) -> None:
        await begin(wire)
        await wire.event(chunk({"content": "One. "}))
        await wire.until_client_leaves()
        left.set()

    model_server.says(scenario)
    deltas = stream_completion(completion())
    await anext(deltas)
    await deltas.aclose()
    assert await asyncio.to_thread(left.wait, 10)


async def test_the_request_holds_what_it_needs_and_nothing_else(
    model_server: ModelServer, settings: Settings
) -> None:
    model_server.says(normal(TEXT))
    await read(completion())
    request = model_server.requests[0]
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    assert request.json == {
        "model": MODEL,
        "messages": MESSAGES,
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0,
    }
    assert request.headers["authorization"] == f"Bearer {API_KEY}"
    assert request.headers["x-supportbot-operation"] == "answer"
    sent = json.dumps(request.headers) + request.body.decode()
    for secret in (settings.SECRET_KEY, settings.REDIS_URL, settings.DATABASES["default"]["HOST"]):
        assert secret not in sent
    assert "cookie" not in request.headers


async def test_the_temperature_may_be_left_out(
    model_server: ModelServer, settings: Settings
) -> None:
    settings.MODEL_TEMPERATURE = "none"
    model_server.says(normal(TEXT))
    await read(completion())
    assert "temperature" not in model_server.requests[0].json


async def test_a_server_that_wants_no_key_gets_none_of_ours(
    model_server: ModelServer, settings: Settings
) -> None:
    settings.OPENAI_API_KEY = ""
    model_server.says(normal(TEXT))
    assert await read(completion()) == (TEXT, "")
    assert model_server.requests[0].headers["authorization"] == "Bearer none"


def test_each_event_loop_opens_connections_of_its_own(model_server: ModelServer) -> None:
    model_server.says(normal(TEXT))
    for _ in range(5):  # a loop that has ended may leave its address to the next one
        assert asyncio.run(read(completion())) == (TEXT, "")
