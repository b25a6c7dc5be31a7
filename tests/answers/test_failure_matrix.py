"""Whatever the first model does, and whether or not a second one is healthy: exactly one complete
checked answer, in time, and the run says why."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from pytest_django import Settings

from supportbot.answers.runner import execute
from supportbot.configuration.content import Limits
from supportbot.llm import health
from supportbot.llm.routes import ModelRoute
from tests.answers.asking import (
    ANSWER,
    SENTENCES,
    Told,
    answered,
    ask,
    in_database,
    new_conversation,
    passages_of,
    saying,
    told,
)
from tests.configuration.publishing import put_in_effect_async
from tests.llm.fixtures import route_to
from tests.llm.scenarios import BAD, empty_stream, normal, slow_first_byte, status
from tests.openai_server import (
    ModelServer,
    Request,
    Scenario,
    Wire,
    begin,
    closed_port,
    end,
    run_server,
    speak,
)
from tickets.models import Conversation, Customer

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("returns_policy", "shipping"),
]
BUDGET = 3.0  # seconds
SLACK_MS = 900  # of a busy machine, for what comes after the budget
WRONG = "£4.95"


@dataclass(frozen=True)
class Row:
    """What the first route does, and the codes that the run may give for it."""

    scenario: Scenario | None  # None: nobody listens
    codes: frozenset[str]
    may_be_softened: bool = False  # the check may put the source's own sentence in its place


def row(scenario: Scenario | None, *codes: str, may_be_softened: bool = False) -> Row:
    return Row(scenario, frozenset(codes), may_be_softened)


FIRST = {
    "refuses": row(None, "unavailable"),
    "401": row(status(401)(""), "unauthorised"),
    "404 model": row(status(404)(""), "no_such_model"),
    "429": row(status(429, retry_after="60")(""), "rate_limited"),
    "500": row(status(500)(""), "unavailable"),
    "hangs before the first token": row(slow_first_byte(""), "first_sentence_late"),
    "hangs mid-stream": row(saying(ANSWER, BAD["stall in the middle"][0]), "slow"),
    "drops mid-sentence": row(saying(ANSWER, BAD["closed in mid-sentence"][0]), "broken_off"),
    "emits garbage": row(saying(ANSWER, BAD["garbage"][0]), "garbled"),
    "emits words of garbage": row(
        normal("]]>> 0x7f \\u00 lorem ipsum dolor. " * 9), "nothing_kept"
    ),
    "emits nothing": row(empty_stream(""), "garbled"),
    "ends without a word": row(normal(""), "nothing_kept"),
    "cites what does not exist": row(
        normal("The moon is made of green cheese from Normandy [77]."), "nothing_kept"
    ),
    "states a wrong number": row(
        saying(f"The return parcel costs {WRONG} [{{return parcel}}]."),
        "nothing_kept",
        may_be_softened=True,
    ),
}


_loaded: list[bool] = []


@pytest.fixture(autouse=True)
async def _models_are_loaded(returns_policy: object, shipping: object) -> None:
    """As in a web process that is ready: the first answer's loading is no part of the budget."""
    if not _loaded:
        customer = await in_database(Customer.objects.create)
        await answered(await new_conversation(customer))
        _loaded.append(True)


@pytest.fixture
def second_server() -> Iterator[ModelServer]:
    with run_server() as server:
        yield server


def first_route(server: ModelServer, scenario: Scenario | None) -> ModelRoute:
    """Its own patience is longer than the customer's, except within a stream."""
    route = route_to(server, "first", timeouts={"between_tokens": 0.5, "first_token": 20})
    if scenario is None:
        dead = f"http://127.0.0.1:{closed_port()}/v1"
        return route.model_copy(update={"base_url": dead})
    server.says(scenario)
    return route


def number_of(request: Request, words: str) -> int:
    return next(n for n, text in passages_of(request).items() if words in text)


def assert_in_time_and_whole(result: Told, expected: Row) -> None:
    result.assert_one_whole_answer()
    run = result.run
    assert run.outcome == "answered"
    assert all(WRONG not in text and "moon" not in text for text in result.ever_shown)
    assert run.first_sentence_ms is not None
    assert run.first_sentence_ms <= 1000 * BUDGET + SLACK_MS
    if expected.may_be_softened and run.route == "first":
        return
    assert run.fallbacks[0]["route"] == "first"
    assert run.fallbacks[0]["code"] in expected.codes
    assert run.routing["tried"][0] == {
        "route": "first",
        "became": run.fallbacks[0]["code"],
        "attempt": 1,
    }


@pytest.mark.parametrize("name", FIRST)
async def test_a_healthy_second_model_answers_instead(
    name: str, model_server: ModelServer, second_server: ModelServer, conversation: Conversation
) -> None:
    second_server.says(saying(ANSWER))
    routes = (first_route(model_server, FIRST[name].scenario), route_to(second_server, "second"))
    await put_in_effect_async(routes=routes, first_sentence_seconds=BUDGET)
    result = await answered(conversation)
    assert_in_time_and_whole(result, FIRST[name])
    if result.run.route != "first":
        assert (result.run.route, len(result.run.fallbacks)) == ("second", 1)
        assert [sentence["text"] for sentence in result.standing] == SENTENCES
    calls = await in_database(lambda: list(result.run.model_calls.order_by("id")))
    assert [call.route for call in calls] == ["first", "second"][: len(calls)]
    assert all(call.outcome and call.messages for call in calls)


@pytest.mark.parametrize("name", FIRST)
async def test_with_both_down_the_documents_are_quoted(
    name: str, model_server: ModelServer, conversation: Conversation
) -> None:
    dead = route_to(model_server, "second").model_copy(
        update={"base_url": f"http://127.0.0.1:{closed_port()}/v1"}
    )
    routes = (first_route(model_server, FIRST[name].scenario), dead)
    await put_in_effect_async(routes=routes, first_sentence_seconds=BUDGET)
    result = await answered(conversation)
    assert_in_time_and_whole(result, FIRST[name])
    if result.run.route != "first":
        assert result.run.route == "extractive"
        assert [fallback["route"] for fallback in result.run.fallbacks] == ["first", "second"]


async def test_two_models_that_hang_do_not_hold_up_the_quotes(
    model_server: ModelServer, second_server: ModelServer, conversation: Conversation
) -> None:
    for server in (model_server, second_server):
        server.says(slow_first_byte(""))
    routes = (route_to(model_server, "first"), route_to(second_server, "second"))
    await put_in_effect_async(routes=routes, first_sentence_seconds=1.5)
    result = await answered(conversation)
    result.assert_one_whole_answer()
    assert (result.run.route, result.replaced) == ("extractive", [])
    assert [f["code"] for f in result.run.fallbacks] == ["first_sentence_late"] * 2
    assert result.run.first_sentence_ms is not None
    assert result.run.first_sentence_ms <= 1500 + SLACK_MS


async def test_a_model_that_talks_without_a_checked_sentence_is_not_waited_for(
    model_server: ModelServer, conversation: Conversation
) -> None:
    model_server.says(normal("The moon is made of green cheese [1]. " * 4000))
    route = route_to(model_server)
    await put_in_effect_async(routes=(route,), first_sentence_seconds=0.5)
    result = await answered(conversation)
    result.assert_one_whole_answer()
    assert result.run.route == "extractive"
    assert result.run.fallbacks[0]["code"] in {"first_sentence_late", "nothing_kept"}


async def test_a_model_that_is_slow_after_its_first_sentence_may_finish(
    model_server: ModelServer, conversation: Conversation
) -> None:
    async def scenario(wire: Wire, request: Request) -> None:
        first, second = SENTENCES
        await begin(wire)
        await speak(wire, f"{first[:-1]} [{number_of(request, 'Opened coffee beans')}]. The")
        await asyncio.sleep(1.5)
        await speak(wire, f"{second[3:-1]} [{number_of(request, 'return parcel')}].")
        await end(wire)

    model_server.says(scenario)
    await put_in_effect_async(routes=(route_to(model_server),), first_sentence_seconds=1.0)
    result = await answered(conversation)
    result.assert_one_whole_answer()
    assert (result.run.route, [s["text"] for s in result.standing]) == ("model", SENTENCES)


async def test_a_model_that_failed_three_times_is_left_alone_and_then_used_again(
    model_server: ModelServer, ada: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "OPEN_SECONDS", 1.0)
    health.health_by_loop.clear()
    model_server.says(status(500)(""))
    await put_in_effect_async(
        routes=(route_to(model_server),), first_sentence_seconds=20, limits=Limits(repeated=0)
    )
    conversation = await new_conversation(ada)
    codes = await ask_often(conversation, 5)
    assert codes == ["unavailable"] * 3 + ["resting"] * 2
    assert len(model_server.requests) == 3
    await asyncio.sleep(1.1)
    model_server.says(saying(ANSWER))
    run_id = await ask(conversation, client_id="c-5")
    await execute(run_id)
    assert (await told(run_id)).run.route == "model"


async def test_losing_redis_costs_no_answer(
    model_server: ModelServer, conversation: Conversation, settings: Settings
) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{closed_port()}/0"
    health.health_by_loop.clear()
    model_server.says(saying(ANSWER))
    route = route_to(model_server, concurrency=3)
    await put_in_effect_async(routes=(route,), first_sentence_seconds=20)
    result = await answered(conversation)
    result.assert_one_whole_answer()
    assert result.run.route == "model"


async def ask_often(conversation: Conversation, times: int) -> list[str]:
    """The code of the first failure of each run."""
    codes = []
    for number in range(times):
        run_id = await ask(conversation, client_id=f"often-{number}")
        await execute(run_id)
        codes.append((await told(run_id)).run.fallbacks[0]["code"])
    return codes


async def test_a_model_that_keeps_customers_waiting_is_left_alone(
    model_server: ModelServer, conversation: Conversation
) -> None:
    model_server.says(slow_first_byte(""))
    await put_in_effect_async(
        routes=(route_to(model_server),), first_sentence_seconds=1.5, limits=Limits(repeated=0)
    )
    codes = await ask_often(conversation, 4)
    assert codes == ["first_sentence_late"] * 3 + ["resting"]
    assert len(model_server.requests) == 3


async def test_a_server_that_asks_for_a_minute_is_not_asked_again_within_it(
    model_server: ModelServer, conversation: Conversation
) -> None:
    model_server.says(status(429, retry_after="60")(""))
    await put_in_effect_async(routes=(route_to(model_server),), first_sentence_seconds=20)
    assert await ask_often(conversation, 2) == ["rate_limited", "resting"]
    assert len(model_server.requests) == 1
