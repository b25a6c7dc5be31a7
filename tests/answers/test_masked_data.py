"""Personal data of a customer reaches no language model, and comes back in what models write."""

from __future__ import annotations

import dataclasses
import json

import pytest
from pytest_django import Settings

from supportbot.answers.messages import build_messages
from supportbot.answers.model_calls import Bill
from supportbot.answers.model_route import PROMPT, generate
from supportbot.answers.models import ModelCall
from supportbot.answers.prompts import load_prompt
from supportbot.answers.rewrite import standalone
from supportbot.answers.second_opinion import second_opinion_of
from supportbot.answers.spending import Payer
from supportbot.answers.types import Evidence, Memory
from supportbot.configuration.content import Configuration
from supportbot.configuration.environment import configuration_of_environment
from supportbot.guardrails.types import Source, SourceKind
from supportbot.llm.routes import ModelRoute, Purpose
from supportbot.retrieval.query import Turn
from tests.answers.passages import evidence
from tests.llm.scenarios import normal
from tests.openai_server import ModelServer, Request, Wire, begin, end, speak

ROUTE = ModelRoute(name="a", model="m", context_tokens=8192, answer_tokens=300)
MAIL, PHONE, CARD = "ada@example.org", "0791 112 345", "4111 1111 1111 1111"
SHOP = "Write to help@shop.example."
SECRETS = (MAIL, PHONE, CARD)


def asked() -> Evidence:
    """A question, turns and a memory with personal data; a passage with the company's own."""
    found = evidence(SHOP, question=f"Did help@shop.example write to {MAIL}?")
    question = dataclasses.replace(
        found.question,
        history=(Turn("customer", f"Ring {PHONE}."), Turn("bot", f"We ring {PHONE}.")),
        memory=Memory(facts=(("Order number", "12345678"),), summary=f"Is {CARD} charged?"),
    )
    return dataclasses.replace(found, question=question)


def test_a_request_holds_tokens_for_what_the_customer_gave() -> None:
    sent = build_messages(load_prompt(PROMPT), asked(), ROUTE).sent
    written = json.dumps(sent)
    assert not [secret for secret in SECRETS if secret in written]
    assert sent[-1]["content"] == "Did help@shop.example write to <EMAIL_1>?"
    assert [one["content"] for one in sent[1:3]] == ["Ring <PHONE_1>.", "We ring <PHONE_1>."]
    assert "Asked earlier: Is <CARD_1> charged?" in sent[0]["content"]
    assert "12345678" in sent[0]["content"]
    assert SHOP in sent[0]["content"]


def test_only_a_request_with_tokens_explains_them() -> None:
    explained = load_prompt(PROMPT).fill("masked")
    assert explained in build_messages(load_prompt(PROMPT), asked(), ROUTE).sent[0]["content"]
    plain = evidence(SHOP, question="Who answers?")
    assert explained not in build_messages(load_prompt(PROMPT), plain, ROUTE).sent[0]["content"]


def cut_at(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
async def test_tokens_come_back_however_the_stream_is_cut(
    model_server: ModelServer, size: int
) -> None:
    async def scenario(wire: Wire, request: Request) -> None:
        await begin(wire)
        for piece in cut_at("We wrote to <EMAIL_1> [1]. We ring <PHONE_1>. Not <CARD_7>.", size):
            await speak(wire, piece)
        await end(wire)

    model_server.says(scenario)
    (route,) = configuration_of_environment().routes_for(Purpose.SMALL)
    proposed = generate(asked(), route, load_prompt(PROMPT), Payer(), Bill())
    assert [one.text async for one in proposed] == [
        f"We wrote to {MAIL}.",
        f"We ring {PHONE}.",
        "Not <CARD_7>.",
    ]
    call = await ModelCall.objects.aget()
    stored = json.dumps(call.messages) + call.text
    assert "<EMAIL_1>" in stored
    assert not [secret for secret in SECRETS if secret in stored]
    assert not [
        secret for secret in SECRETS if secret in json.dumps(model_server.requests[0].messages)
    ]


@pytest.mark.django_db(transaction=True)
async def test_a_question_is_written_out_with_the_values_put_back(
    model_server: ModelServer, settings: Settings
) -> None:
    settings.REWRITE_QUESTIONS = True
    model_server.says(normal("Did you ring <PHONE_1> or write to <EMAIL_2>?"))
    found = await standalone(asked().question, configuration_of_environment(), Payer())
    assert found == f"Did you ring {PHONE} or write to {MAIL}?"
    (request,) = model_server.requests
    assert not [secret for secret in SECRETS if secret in json.dumps(request.messages)]


@pytest.mark.django_db(transaction=True)
async def test_a_judge_reads_the_companys_addresses_and_no_customers(
    model_server: ModelServer,
) -> None:
    (route,) = configuration_of_environment().routes_for(Purpose.SMALL)
    judge = route.model_copy(update={"name": "judge", "purpose": Purpose.JUDGE})
    opinion = second_opinion_of(Configuration(routes=(judge,)), Payer())
    assert opinion is not None
    model_server.says(normal("Yes"))
    source = Source(0, SourceKind.PASSAGE, "", SHOP)
    assert await opinion(f"From help@shop.example we write to {MAIL}.", source)
    (request,) = model_server.requests
    asked_for = request.messages[-1]["content"]
    assert "From help@shop.example we write to <EMAIL_1>." in asked_for
