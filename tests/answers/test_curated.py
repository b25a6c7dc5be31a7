"""supportbot.answers.curated: what a person wrote wins, while its sources are in effect."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from knowledge.models import Audience, CuratedAnswer, CuratedQuestion, Document, DocumentVersion
from knowledge.services.curated import (
    CitedWords,
    CuratedError,
    Said,
    confirm_sources,
    promote,
)
from knowledge.services.lifecycle.publishing import (
    Terms,
    change_terms,
    publish_version,
    retire_version,
)
from supportbot.answers.models import Citation
from supportbot.answers.runner import execute
from tests.answers.asking import (
    QUESTION,
    Told,
    answered,
    ask,
    in_database,
    new_conversation,
    told,
)
from tests.conftest import RETURNS_POLICY, Publish
from tickets.models import Conversation, Customer

pytestmark = pytest.mark.django_db(transaction=True)

TEXT = "No, coffee is food.\n\nInstead, you can:\n\n- give it away\n- drink it"
WORDS = "Opened coffee beans cannot be returned for hygiene reasons."


def curate(version: DocumentVersion, by: User, **changes: Any) -> CuratedAnswer:
    """A curated answer to QUESTION that is served and rests on the version."""
    cited = (CitedWords(version.document_id, version.number, WORDS),)
    answer = promote(said=Said(QUESTION, TEXT, cited), by=by)
    CuratedAnswer.objects.filter(pk=answer.pk).update(**{"is_on": True, **changes})
    return CuratedAnswer.objects.get(pk=answer.pk)


@pytest.fixture
def curated(returns_policy: DocumentVersion, cleo: User) -> CuratedAnswer:
    return curate(returns_policy, cleo)


async def route_of(customer: Customer, text: str = QUESTION) -> str:
    return (await answered(await new_conversation(customer), text)).run.route


def texts(result: Told) -> list[str]:
    return [sentence["text"] for sentence in result.standing]


async def test_it_wins_and_cites_itself_and_its_sources(
    conversation: Conversation, curated: CuratedAnswer, returns_policy: DocumentVersion
) -> None:
    result = await answered(conversation)
    assert result.run.route == "curated"
    assert texts(result) == ["No, coffee is food.", "Instead, you can:", "give it away", "drink it"]
    assert [sentence["form"] for sentence in result.standing] == ["text", "text", "item", "item"]
    own, source = result.standing[0]["citations"]
    assert (own["kind"], own["title"], own["document_id"]) == ("curated", "Answer by the team", "")
    assert own["passage"] == TEXT
    assert (source["kind"], source["quote"]) == ("passage", WORDS)
    assert source["document_id"] == str(returns_policy.document_id)
    assert [one["passage_id"] for one in result.run.passages] == [int(source["passage_id"])]
    assert result.run.retrieval["curated_answer"] == curated.pk
    cited = await in_database(lambda: list(Citation.objects.values_list("document_id", "version")))
    assert cited == [(returns_policy.document_id, 1)]


async def test_another_way_to_ask_the_same_gets_it_and_a_near_miss_does_not(
    ada: Customer, curated: CuratedAnswer
) -> None:
    assert await route_of(ada, "Hello, could I return the opened coffee beans please?") == "curated"
    assert await route_of(ada, "Can't I return opened coffee beans?") == "extractive"
    assert await route_of(ada, "Can I return unopened coffee beans?") == "extractive"


async def test_after_other_words_only_a_question_that_needs_none_of_them_gets_it(
    ada: Customer, curated: CuratedAnswer
) -> None:
    await in_database(
        lambda: CuratedQuestion.objects.create(answer=curated, text="Can I return it?")
    )
    assert await route_of(ada, "Can I return it?") == "curated"
    conversation = await new_conversation(ada)
    await answered(conversation, "What does the return parcel cost?")

    async def routes(text: str, client_id: str) -> str:
        run_id = await ask(conversation, text, client_id)
        await execute(run_id)
        return (await told(run_id)).run.route

    assert await routes("Can I return it?", "c-2") == "extractive"
    assert await routes(QUESTION, "c-3") == "curated"


async def test_a_new_version_takes_it_out_until_somebody_has_looked(
    ada: Customer, curated: CuratedAnswer, publish: Publish, cleo: User
) -> None:
    changed = RETURNS_POLICY.replace("14 days", "21 days")
    await in_database(lambda: publish(changed, title="Returns policy"))
    assert await route_of(ada) == "extractive"
    today = timezone.localdate()
    needing = await in_database(lambda: list(CuratedAnswer.objects.needing_review(today)))
    assert needing == [curated]
    await in_database(lambda: confirm_sources(answer=curated, by=cleo))
    assert await route_of(ada) == "curated"
    assert not await in_database(CuratedAnswer.objects.needing_review(today).exists)


async def test_words_that_are_gone_cannot_be_confirmed(
    curated: CuratedAnswer, publish: Publish, cleo: User
) -> None:
    changed = RETURNS_POLICY.replace(WORDS, "Opened coffee beans can be returned.")
    await in_database(lambda: publish(changed, title="Returns policy"))
    with pytest.raises(CuratedError, match="does not have these words"):
        await in_database(lambda: confirm_sources(answer=curated, by=cleo))


async def test_it_goes_and_comes_back_with_its_source(
    ada: Customer, curated: CuratedAnswer, returns_policy: DocumentVersion
) -> None:
    await in_database(lambda: retire_version(version=returns_policy))
    assert await route_of(ada) == "extractive"
    await in_database(lambda: publish_version(version=returns_policy))
    assert await route_of(ada) == "curated"
    await in_database(Document.objects.all().delete)
    assert await route_of(ada) == "extractive"


async def test_a_source_that_is_no_longer_for_everybody_takes_it_out(
    ada: Customer, curated: CuratedAnswer, returns_policy: DocumentVersion
) -> None:
    terms = Terms(Audience.INTERNAL)
    await in_database(lambda: change_terms(version=returns_policy, terms=terms))
    assert await route_of(ada) == "extractive"


@pytest.mark.parametrize(
    "changes",
    [
        {"is_on": False},
        {"effective_from": dt.date(2999, 1, 1)},
        {"effective_until": dt.date(2020, 1, 1)},
        {"audience": Audience.CUSTOMERS},
    ],
)
async def test_it_is_served_only_on_its_days_to_its_audience(
    ada: Customer, returns_policy: DocumentVersion, cleo: User, changes: dict[str, Any]
) -> None:
    await in_database(lambda: curate(returns_policy, cleo, **changes))
    assert await route_of(ada) == "extractive"


async def test_without_a_source_it_is_not_served(ada: Customer, curated: CuratedAnswer) -> None:
    await in_database(curated.sources.all().delete)
    assert await route_of(ada) == "extractive"


def test_what_is_promoted_waits_for_a_person(returns_policy: DocumentVersion, cleo: User) -> None:
    cited = (CitedWords(returns_policy.document_id, 1, WORDS), CitedWords(0, 1, "gone"))
    answer = promote(said=Said(QUESTION, TEXT, cited), by=cleo)
    assert not answer.is_on
    assert [source.version for source in answer.sources.all()] == [returns_policy]
