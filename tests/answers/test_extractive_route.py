"""Answers without a model: the documents' own sentences, whole, in order, or none at all."""

from __future__ import annotations

from typing import Any

import pytest

from knowledge.text.units import units_of
from supportbot.answers.enrich import enrich
from supportbot.answers.extractive_route import generate
from supportbot.answers.receive import receive
from supportbot.answers.sentence_check import DOUBT, check_sentence
from supportbot.answers.spending import Payer
from supportbot.answers.threads import in_thread
from supportbot.answers.types import NEARLY, Evidence, Proposed
from supportbot.answers.validate import validate
from supportbot.configuration.environment import configuration_of_environment
from tests.answers.asking import QUESTION, answered, ask, in_database
from tests.answers.passages import evidence
from tests.configuration.publishing import put_in_effect_async
from tests.conftest import Publish
from tests.openai_server import ModelServer
from tickets.models import Conversation, Message

pytestmark = pytest.mark.django_db(transaction=True)

QUESTIONS = [
    QUESTION,
    "How long do I have to return something?",
    "What does the return parcel cost?",
    "What does express delivery to Ireland cost?",
    "When do I get my refund?",
]
REPEATED = "# Gift cards\n\nGift cards are valid for two years.\n\n## Again\n\n" + (
    "Gift cards are valid for two years.\n\n" * 3
)


async def propose(conversation: Conversation, text: str) -> tuple[Evidence, list[Proposed]]:
    """What the route proposes for a question, through the stages before it."""
    run_id = await ask(conversation, text, client_id=text)
    question = await in_database(lambda: Message.objects.select_related("run").get(run=run_id))
    found = await enrich(
        await validate(await receive(question.run)), configuration_of_environment(), Payer()
    )
    return found, [proposed async for proposed in generate(found)]


@pytest.mark.usefixtures("returns_policy", "shipping")
@pytest.mark.parametrize("text", QUESTIONS)
async def test_quotes_are_whole_literal_and_cited(text: str, conversation: Conversation) -> None:
    found, proposed = await propose(conversation, text)
    assert proposed
    for sentence in proposed:
        (number,), (quote,) = sentence.cited, sentence.quotes
        passage = found.passages[number]
        assert quote in passage.text
        assert any(unit.quote in quote for unit in units_of(passage.text))
        assert check_sentence(sentence, found).kept
    assert len({sentence.text for sentence in proposed}) == len(proposed)


@pytest.mark.usefixtures("returns_policy", "shipping")
async def test_the_sentence_that_answers_is_among_them(conversation: Conversation) -> None:
    _, proposed = await propose(conversation, QUESTION)
    assert any("Opened coffee beans cannot be returned" in s.text for s in proposed)
    _, proposed = await propose(conversation, "What does express delivery to Ireland cost?")
    assert any("Ireland" in s.text and "£18.00" in s.text for s in proposed)


@pytest.mark.usefixtures("returns_policy")
@pytest.mark.parametrize(
    "text",
    [
        "Who won the football world cup in 1966?",
        "What is the boiling point of mercury?",
        "Write a poem about the sea.",
    ],
)
async def test_a_question_that_the_documents_do_not_answer_gets_nothing(
    text: str, conversation: Conversation
) -> None:
    assert (await propose(conversation, text))[1] == []


@pytest.mark.usefixtures("returns_policy")
async def test_what_comes_near_is_quoted_with_the_doubt_first(conversation: Conversation) -> None:
    """It counts as no answer; the customer reads it, and is offered topics and a person."""
    sure = (await propose(conversation, QUESTION))[0].ranking.answerability
    await put_in_effect_async(answerability_min=min(1.0, sure / NEARLY - 0.01))
    result = await answered(conversation)
    result.assert_one_whole_answer()
    assert result.answer["outcome"] == "no_answer"
    assert result.answer["offer_handover"]
    doubt, quoted = result.standing[:2]
    assert (doubt["text"], doubt["citations"]) == (DOUBT, [])
    assert "Opened coffee beans cannot be returned" in quoted["text"]
    assert quoted["citations"]


@pytest.mark.usefixtures("returns_policy")
async def test_what_is_far_off_is_not_quoted(conversation: Conversation) -> None:
    result = await answered(conversation, "Who won the football world cup in 1966?")
    assert (result.answer["outcome"], result.standing) == ("no_answer", [])


async def test_the_same_sentence_is_not_said_twice(
    publish: Publish, conversation: Conversation
) -> None:
    await in_thread(publish)(REPEATED, "gifts.md", title="Gift cards")
    await in_thread(publish)(REPEATED + "Bye.", "more.md", title="More about gift cards")
    _, proposed = await propose(conversation, "How long are gift cards valid?")
    texts = [sentence.text.casefold() for sentence in proposed]
    assert "gift cards are valid for two years." in texts
    assert len(texts) == len(set(texts))


async def test_without_documents_a_person_is_offered(conversation: Conversation) -> None:
    result = await answered(conversation)
    result.assert_one_whole_answer()
    assert (result.answer["outcome"], result.answer["offer_handover"]) == ("no_answer", True)
    assert result.run.passages == []


@pytest.mark.django_db(transaction=True)
async def test_without_passages_no_model_is_asked(
    model_server: ModelServer, conversation: Conversation
) -> None:
    result = await answered(conversation)
    assert result.answer["outcome"] == "no_answer"
    assert model_server.requests == []


async def test_without_passages_there_is_nothing_to_say() -> None:
    assert [sentence async for sentence in generate(evidence())] == []


@pytest.mark.parametrize("long", ["word " * 5000 + ".", "\n".join(["- item"] * 500), "x" * 20_000])
async def test_very_long_passages_do_no_harm(long: str) -> None:
    found = evidence(long, "Opened coffee beans cannot be returned.", question=QUESTION)
    proposed = [sentence async for sentence in generate(found)]
    assert all(len(sentence.text) < 2000 for sentence in proposed)
    assert all(quote in found.passages[n].text for n, quote in _quotes(proposed))


def _quotes(proposed: list[Proposed]) -> list[tuple[int, str]]:
    return [pair for s in proposed for pair in zip(s.cited, s.quotes, strict=True)]


@pytest.mark.usefixtures("returns_policy")
async def test_what_is_shown_quotes_the_passage_that_it_cites(conversation: Conversation) -> None:
    result = await answered(conversation)
    result.assert_one_whole_answer()
    citations: list[dict[str, Any]] = [c for s in result.standing for c in s["citations"]]
    assert citations
    assert all(c["quote"] in c["passage"] and c["title"] == "Returns policy" for c in citations)
    assert (result.run.route, result.run.model, result.run.fallbacks) == ("extractive", "", [])
