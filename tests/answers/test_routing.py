"""The policy: which routes a question may cost, in which order, and why."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncGenerator
from decimal import Decimal

import pytest

from supportbot.answers import pipeline
from supportbot.answers.complexity import complexity_of
from supportbot.answers.known import Finder, Known
from supportbot.answers.routes import Route
from supportbot.answers.routing import decide
from supportbot.answers.types import Evidence, Proposed, Question
from supportbot.configuration.content import Configuration, RouteKind
from supportbot.llm.routes import ModelRoute, Purpose
from tests.answers.asking import answered, in_database, saying
from tests.answers.passages import evidence
from tests.configuration.publishing import put_in_effect_async
from tests.llm.fixtures import route_to
from tests.openai_server import ModelServer, run_server
from tickets.models import Conversation, Ticket

SMALL = ModelRoute(name="cheap", model="s")
LARGE = ModelRoute(name="dear", model="l", purpose=Purpose.LARGE)
BOTH = Configuration(routes=(SMALL, LARGE))
SIMPLE = "Can I return opened coffee?"
COMPLEX = "What is the difference between standard and express shipping?"


def asked(question: str, answerability: float = 0.9) -> Evidence:
    found = evidence("Opened coffee cannot be returned.", question=question)
    ranking = dataclasses.replace(found.ranking, answerability=answerability)
    return dataclasses.replace(found, ranking=ranking)


def names(evidence: Evidence, configuration: Configuration) -> list[str]:
    return [candidate.name for candidate in decide(evidence, configuration).candidates]


def test_a_simple_question_never_pays_for_the_large_model() -> None:
    decision = decide(asked(SIMPLE), BOTH)
    assert [one.name for one in decision.candidates] == ["cheap", "extractive"]
    assert decision.left_out == (("dear", "it is simple: no question for the large model"),)
    assert names(asked(SIMPLE), Configuration(routes=(LARGE,))) == ["extractive"]


def test_a_complex_question_goes_to_the_large_model_first() -> None:
    decision = decide(asked(COMPLEX), BOTH)
    assert [one.name for one in decision.candidates] == ["dear", "cheap", "extractive"]
    assert decision.as_json()["complexity"] == "complex"
    assert decision.as_json()["because"] == ["compares"]


def test_without_a_large_model_the_small_one_answers_everything() -> None:
    assert names(asked(COMPLEX), Configuration(routes=(SMALL,))) == ["cheap", "extractive"]


def test_routes_are_tried_in_their_order_and_switched_off_ones_are_not() -> None:
    second = SMALL.model_copy(update={"name": "second"})
    off = SMALL.model_copy(update={"name": "off", "enabled": False})
    decision = decide(asked(SIMPLE), Configuration(routes=(second, off, SMALL)))
    assert [one.name for one in decision.candidates] == ["second", "cheap", "extractive"]
    assert decision.left_out == (("off", "it is switched off"),)


def test_what_the_documents_do_not_answer_costs_nothing() -> None:
    decision = decide(asked(COMPLEX, answerability=0.39), BOTH)
    assert [one.name for one in decision.candidates] == ["extractive"]
    assert "below 0.40" in decision.candidates[0].reason


@pytest.mark.parametrize(
    ("word", "kind", "expected"),
    [
        ("coffee", "large", ["dear", "cheap", "extractive"]),
        ("coffee", "extractive", ["extractive"]),
        ("COFFEE", "person", ["person"]),
        ("returns policy", "person", ["person"]),  # the title of the best passage
        ("coff", "person", ["cheap", "extractive"]),  # no part of a word
    ],
)
def test_a_topic_decides_before_anything_else(word: str, kind: str, expected: list[str]) -> None:
    topics = [{"words": [word], "route": kind}]
    configuration = Configuration(routes=(SMALL, LARGE), topics=topics)  # type: ignore[arg-type]
    assert names(asked(SIMPLE), configuration) == expected


@pytest.mark.parametrize(
    ("question", "is_complex"),
    [
        ("Can I return opened coffee?", False),
        ("How much is express shipping to Ireland?", False),
        ("Can I return coffee? And what does shipping to France cost?", True),
        ("Which of the two is cheaper than express, standard or courier?", True),
        ("If I order today but pay after the weekend, when does it come?", False),
        (
            "If I ordered 3 on 12 May and 2 on 14 May, but one was broken when it came, and I "
            "already sent the other one back without its box, what do I get back in the end?",
            True,
        ),
    ],
)
def test_complexity_is_read_from_the_question(question: str, is_complex: bool) -> None:
    assert complexity_of(question, asked(question).ranking).is_complex is is_complex


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("returns_policy", "shipping")
async def test_the_run_keeps_the_decision_and_the_large_server_is_not_asked(
    model_server: ModelServer, conversation: Conversation
) -> None:
    model_server.says(saying("Opened coffee beans cannot be returned [{Opened coffee beans}]."))
    with run_server() as dear:
        dear.says(saying("never asked"))
        routes = (
            route_to(model_server, "cheap", price_in=Decimal(1), price_out=Decimal(2)),
            route_to(dear, "dear", purpose=Purpose.LARGE),
        )
        version = await put_in_effect_async(routes=routes, first_sentence_seconds=30)
        run = (await answered(conversation)).run
        assert dear.requests == []
    assert (run.configuration_id, run.configuration_hash) == (version.pk, version.sha256)
    assert run.route == "cheap"
    assert [one["route"] for one in run.routing["candidates"]] == ["cheap", "extractive"]
    assert run.routing["left_out"][0]["route"] == "dear"
    assert run.routing["tried"] == [{"route": "cheap", "became": "answered", "attempt": 1}]
    assert run.cost == (812 + 2 * 34) / Decimal(1_000_000)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("returns_policy", "shipping")
async def test_a_topic_for_a_person_hands_over_without_asking_a_model(
    model_server: ModelServer, conversation: Conversation
) -> None:
    topics = [{"words": ["coffee"], "route": "person"}]
    await put_in_effect_async(routes=(route_to(model_server),), topics=topics)
    run = (await answered(conversation)).run
    assert (run.outcome, run.route) == ("handed_over", "person")
    assert run.routing["topic"] == "coffee"
    assert model_server.requests == []
    assert await in_database(Ticket.objects.filter(status="new").count) == 1


def knowing(text: str) -> Finder:
    """A finder that always knows this answer, from a source that says something else."""

    async def write(found: Evidence) -> AsyncGenerator[Proposed]:
        yield Proposed(text, (0,))

    async def find(question: Question, configuration: Configuration) -> Known:
        found = evidence("Opened coffee cannot be returned.", question=question.text)
        return Known(Route("curated", RouteKind.CURATED, write), found, "written by an editor")

    return find


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("returns_policy")
@pytest.mark.parametrize(
    ("text", "routes"),
    [
        ("Opened coffee cannot be returned.", [("curated", "answered")]),
        (
            "You get a new one for 99 euros.",
            [("curated", "nothing_found"), ("extractive", "answered")],
        ),
    ],
)
async def test_a_known_answer_is_checked_like_any_and_the_documents_come_after_it(
    text: str,
    routes: list[tuple[str, str]],
    conversation: Conversation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pipeline, "FINDERS", (knowing(text),))
    result = await answered(conversation)
    result.assert_one_whole_answer()
    tried = [(one["route"], one["became"]) for one in result.run.routing["tried"]]
    assert (tried, result.run.route) == (routes, routes[-1][0])
    assert [one["route"] for one in result.run.routing["candidates"]] == [r for r, _ in routes]
