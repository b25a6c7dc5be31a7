"""supportbot.answers.second_opinion: who is asked about a sentence that nothing speaks against."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from supportbot.answers.models import ModelCall
from supportbot.answers.second_opinion import MOST, second_opinion_of
from supportbot.answers.sentence_check import check
from supportbot.answers.spending import Payer
from supportbot.answers.types import Checked, Proposed
from supportbot.configuration.content import Configuration
from supportbot.configuration.environment import configuration_of_environment
from supportbot.guardrails.grounding_model import MODELS
from supportbot.guardrails.types import Verdict
from supportbot.llm.routes import Purpose
from tests.answers.passages import evidence
from tests.guardrails.models import write_classifier
from tests.llm.scenarios import normal, slow_first_byte, status
from tests.openai_server import ModelServer, Scenario

pytestmark = pytest.mark.django_db(transaction=True)

FEES = "The return parcel costs £3.95, unless the item was faulty."
TOLD_FREELY = "Sending goods back to us is £3.95 if nothing is wrong with them."
WRONG = "The return parcel costs £9.95, unless the item was faulty."
PROMISE = "I have refunded the return parcel."


@pytest.fixture(autouse=True)
def _no_models() -> Iterator[None]:
    yield
    MODELS.forget()


@pytest.fixture
def configuration(model_server: ModelServer) -> Configuration:
    """One route, with the purpose to judge."""
    (route,) = configuration_of_environment().routes_for(Purpose.SMALL)
    judge = route.model_copy(update={"name": "judge", "purpose": Purpose.JUDGE})
    return Configuration(routes=(judge,))


async def checked(configuration: Configuration, *texts: str) -> list[Checked]:
    opinion = second_opinion_of(configuration, Payer())

    async def proposed() -> AsyncGenerator[Proposed]:
        for text in texts:
            yield Proposed(text, ())

    return [one async for one in check(proposed(), evidence(FEES), opinion)]


async def test_without_one_the_products_own_check_decides() -> None:
    assert second_opinion_of(Configuration(), Payer()) is None
    (found,) = await checked(Configuration(), TOLD_FREELY)
    assert (found.kept, found.reason) == (False, "not_in_source")


async def test_a_judge_that_says_yes_lets_the_sentence_pass_with_its_citation(
    model_server: ModelServer, configuration: Configuration
) -> None:
    model_server.says(normal("Yes."))
    (found,) = await checked(configuration, TOLD_FREELY)
    assert (found.verdict, found.reason) == (Verdict.KEEP, "supported_by_judge")
    assert [citation["quote"] for citation in found.citations] == [FEES]
    (request,) = model_server.requests
    assert FEES in request.messages[-1]["content"]
    assert TOLD_FREELY in request.messages[-1]["content"]
    call = await ModelCall.objects.aget()
    assert (call.operation, call.outcome) == ("judge", ModelCall.COMPLETE)


@pytest.mark.parametrize("says", [normal("No"), normal("Yesterday"), normal(""), status(500)("")])
async def test_all_but_yes_leaves_it_stopped(
    model_server: ModelServer, configuration: Configuration, says: Scenario
) -> None:
    model_server.says(says)
    (found,) = await checked(configuration, TOLD_FREELY)
    assert (found.kept, found.reason) == (False, "not_in_source")


async def test_nobody_is_asked_where_a_fact_or_a_promise_stops_it(
    model_server: ModelServer, configuration: Configuration
) -> None:
    model_server.says(normal("yes"))
    found = await checked(configuration, WRONG, PROMISE)
    assert [one.kept for one in found] == [False, False]
    assert model_server.requests == []


async def test_one_answer_asks_only_so_often(
    model_server: ModelServer, configuration: Configuration
) -> None:
    model_server.says(normal("no"))
    await checked(configuration, *[TOLD_FREELY] * (MOST + 3))
    assert len(model_server.requests) == MOST


async def test_a_judge_that_hangs_costs_no_more_than_its_time(
    model_server: ModelServer, configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("supportbot.answers.second_opinion.SECONDS", 0.3)
    model_server.says(slow_first_byte("yes"))
    began = time.monotonic()
    (found,) = await checked(configuration, TOLD_FREELY)
    assert (found.kept, found.reason) == (False, "not_in_source")
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("supports", [True, False])
async def test_a_model_for_grounding_is_asked_first(
    tmp_path: Path, settings: Settings, supports: bool
) -> None:
    settings.GROUNDING_MODEL = write_classifier(tmp_path, ("no", "supported"), int(supports))
    settings.GROUNDING_BUDGET_MS = 60_000
    while MODELS.get(settings.GROUNDING_MODEL) is None:
        assert not MODELS.has_failed(settings.GROUNDING_MODEL)
        time.sleep(0.01)
    (found,) = await checked(Configuration(), TOLD_FREELY)
    expected = (True, "supported_by_model") if supports else (False, "not_in_source")
    assert (found.kept, found.reason) == expected
    assert dataclasses.asdict(found)["score"] is not None
