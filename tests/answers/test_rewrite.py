"""A follow-up is written out by the model where that is asked for, else searched as it is."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from supportbot.answers.rewrite import standalone
from supportbot.answers.runner import execute
from supportbot.answers.spending import Payer
from supportbot.answers.types import Question
from supportbot.configuration.environment import configuration_of_environment
from supportbot.retrieval.query import Turn
from tests.answers.asking import ANSWER, answered, ask, new_conversation, saying, told
from tests.answers.passages import evidence
from tests.llm.fixtures import limit_silence
from tests.llm.scenarios import finished_by, normal, slow_first_byte, status
from tests.openai_server import ModelServer
from tickets.models import Conversation, Customer

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("returns_policy", "shipping"),
]
WRITTEN_OUT = "Can opened coffee beans be returned?"


@pytest.fixture
def rewriting(settings: Settings) -> None:
    settings.REWRITE_QUESTIONS = True


async def rewritten() -> str | None:
    return await standalone(follow_up(), configuration_of_environment(), Payer())


def follow_up(text: str = "And those?") -> Question:
    asked = evidence("Some passage.", question=text).question
    turns = (Turn("customer", "I bought coffee beans."), Turn("bot", "Nice!"))
    return Question(asked.message_id, asked.conversation_id, text, turns, asked.as_of)


@pytest.mark.usefixtures("rewriting")
async def test_the_model_reads_the_conversation_and_writes_the_question_out(
    model_server: ModelServer,
) -> None:
    model_server.says(normal(WRITTEN_OUT))
    assert await rewritten() == WRITTEN_OUT
    (request,) = model_server.requests
    prompt = request.messages[-1]["content"]
    assert "Customer: I bought coffee beans.\nAssistant: Nice!" in prompt
    assert prompt.rstrip().endswith("And those?")


@pytest.mark.usefixtures("rewriting")
@pytest.mark.parametrize(
    "scenario", [status(500)(""), finished_by("length")("Half"), normal(""), normal("word " * 200)]
)
async def test_a_model_that_fails_leaves_the_question_as_it_is(
    model_server: ModelServer, scenario: object
) -> None:
    model_server.says(scenario, scenario)  # type: ignore[arg-type]
    assert await rewritten() is None


@pytest.mark.usefixtures("rewriting")
async def test_a_model_that_is_slow_is_not_waited_for(
    model_server: ModelServer, settings: Settings
) -> None:
    limit_silence(settings, short=True)
    model_server.says(slow_first_byte(WRITTEN_OUT), slow_first_byte(WRITTEN_OUT))
    assert await rewritten() is None


async def test_nothing_is_asked_unless_it_is_set(model_server: ModelServer) -> None:
    assert await rewritten() is None
    assert model_server.requests == []


@pytest.mark.usefixtures("rewriting")
async def test_a_first_question_needs_no_rewriting(
    model_server: ModelServer, conversation: Conversation
) -> None:
    model_server.says(saying(ANSWER))
    result = await answered(conversation)
    assert len(model_server.requests) == 1
    assert result.run.retrieval["rewritten"] is False


@pytest.mark.usefixtures("rewriting")
async def test_the_run_tells_what_was_searched_for(
    model_server: ModelServer, ada: Customer
) -> None:
    conversation = await new_conversation(ada)
    model_server.says(saying(ANSWER), normal(WRITTEN_OUT), saying(ANSWER))
    await answered(conversation)
    run_id = await ask(conversation, "And those?", client_id="c-2")
    await execute(run_id)
    again = await told(run_id)
    assert again.run.retrieval["asked"] == WRITTEN_OUT
    assert 0 < again.run.retrieval["answerability"] <= 1
    assert len(again.run.retrieval["considered"]) >= len(again.run.passages)
