"""supportbot.answers.cache: what is given again, to whom, and never longer than its sources."""

from __future__ import annotations

import asyncio
import datetime as dt
from functools import partial
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import Settings
from redis import Redis

from knowledge.models import (
    Audience,
    CuratedAnswer,
    Document,
    DocumentVersion,
    EmbeddingIndex,
    Passage,
    Revision,
)
from knowledge.services.lifecycle.publishing import (
    LifecycleError,
    Terms,
    change_terms,
    publish_version,
    retire_version,
)
from supportbot.answers import cache
from supportbot.answers.cache_checks import compare
from supportbot.answers.direct import DirectQuestion, direct_run
from supportbot.answers.models import AnswerRun, CacheCheck, CachedAnswer, Citation
from supportbot.answers.runner import execute
from supportbot.answers.tasks import check_cached
from tests.answers.asking import (
    ANSWER,
    QUESTION,
    SENTENCES,
    Told,
    answered,
    in_database,
    new_conversation,
    saying,
    told,
)
from tests.answers.asking import ask as ask_in
from tests.answers.test_curated import curate
from tests.conftest import RETURNS_POLICY, Publish
from tests.openai_server import ModelServer
from tickets.models import Conversation, Customer

pytestmark = pytest.mark.django_db(transaction=True)

SAME = "Hi, could we return the opened coffee beans please?"


@pytest.fixture(autouse=True)
def _all_answers_are_kept(settings: Settings) -> None:
    settings.ANSWER_CACHE, settings.ANSWER_CACHE_CHECKED = "all", 0.0


async def ask(customer: Customer, text: str = QUESTION) -> Told:
    """In a conversation of its own."""
    return await answered(await new_conversation(customer), text)


async def routes(customer: Customer, *texts: str) -> list[str]:
    return [(await ask(customer, text)).run.route for text in texts]


async def entries() -> int:
    return await in_database(CachedAnswer.objects.count)


@pytest.mark.usefixtures("returns_policy")
async def test_the_same_question_gets_the_same_answer_without_a_search(ada: Customer) -> None:
    first, second = await ask(ada), await ask(ada, SAME)
    second.assert_one_whole_answer()
    assert (first.run.route, second.run.route) == ("extractive", "cached")
    assert second.standing == first.standing
    assert second.run.source_run_id == first.run.pk
    assert "enrich" not in {stage["stage"] for stage in second.run.stages}
    assert {one["passage_id"] for one in second.run.passages} <= {
        one["passage_id"] for one in first.run.passages
    }
    assert await in_database(Citation.objects.filter(run=second.run).exists)


@pytest.mark.usefixtures("returns_policy")
async def test_an_answer_of_a_model_is_given_again_without_asking_it(
    ada: Customer, model_server: ModelServer, settings: Settings
) -> None:
    settings.ANSWER_CACHE = "model"
    model_server.says(saying(ANSWER))
    assert [sentence["text"] for sentence in (await ask(ada)).standing] == SENTENCES
    again = await ask(ada, SAME)
    assert again.run.route == "cached"
    assert [sentence["text"] for sentence in again.standing] == SENTENCES
    assert len(model_server.requests) == 1
    assert (again.run.tokens_in, again.run.model) == (0, "")


@pytest.mark.usefixtures("returns_policy")
@pytest.mark.parametrize("chosen", ["model", "off"])
async def test_the_documents_own_words_are_kept_only_if_asked_for(
    ada: Customer, settings: Settings, chosen: str
) -> None:
    settings.ANSWER_CACHE = chosen
    assert await routes(ada, QUESTION, QUESTION) == ["extractive", "extractive"]
    assert await entries() == 0


@pytest.mark.usefixtures("returns_policy")
@pytest.mark.parametrize(
    "text",
    [
        "Can't I return opened coffee beans?",
        "Can I return unopened coffee beans?",
        "Must I return opened coffee beans?",
        "Can you return opened coffee beans?",
    ],
)
async def test_a_near_miss_is_answered_by_itself(ada: Customer, text: str) -> None:
    assert (await routes(ada, QUESTION, text))[1] == "extractive"


@pytest.mark.usefixtures("returns_policy")
@pytest.mark.parametrize(
    "text",
    [
        "Can I return opened coffee beans of order 48213?",
        "My name is Ada. Can I return opened coffee beans?",
        "Who won the cup in 1998?",
        "Hello!",
        "I am angry, opened coffee beans cannot be returned?!",
    ],
)
async def test_what_is_of_one_customer_or_no_answer_is_not_kept(ada: Customer, text: str) -> None:
    await ask(ada, text)
    assert await entries() == 0


@pytest.mark.usefixtures("returns_policy")
async def test_an_answer_within_a_conversation_is_neither_kept_nor_taken(ada: Customer) -> None:
    conversation = await new_conversation(ada)
    await answered(conversation, "What does the return parcel cost?")
    assert await entries() == 1
    question = DirectQuestion(QUESTION)
    async with direct_run(question) as run:
        _ = [event async for event in run.events()]
    assert await entries() == 2
    run_id = await ask_in(conversation, QUESTION, "c-2")
    await execute(run_id)
    assert (await told(run_id)).run.route == "extractive"


@pytest.mark.usefixtures("returns_policy")
async def test_a_draft_is_not_kept(conversation: Conversation) -> None:
    await in_database(lambda: Conversation.objects.update(mode=Conversation.Mode.DRAFT))
    await answered(conversation)
    assert await entries() == 0


@pytest.mark.usefixtures("returns_policy")
@pytest.mark.parametrize(
    ("name", "value"),
    [("ANSWERABILITY_MIN", 0.41), ("REWRITE_QUESTIONS", True), ("FIRST_SENTENCE_SECONDS", 5.0)],
)
async def test_another_configuration_is_another_answer(
    ada: Customer, settings: Settings, name: str, value: object
) -> None:
    await ask(ada)
    setattr(settings, name, value)
    assert await routes(ada, QUESTION) == ["extractive"]


@pytest.mark.usefixtures("returns_policy")
async def test_each_audience_has_its_own_answers() -> None:
    for reader in (Audience.INTERNAL, Audience.CUSTOMERS, Audience.PUBLIC):
        async with direct_run(DirectQuestion(QUESTION, reader=reader)) as run:
            _ = [event async for event in run.events()]
        assert run.row.route == "extractive"
    assert await entries() == 3


async def test_a_new_version_takes_its_answers_with_it(ada: Customer, publish: Publish) -> None:
    await in_database(lambda: publish(RETURNS_POLICY, title="Returns policy"))
    await ask(ada)
    changed = RETURNS_POLICY.replace("for hygiene reasons", "by law")
    await in_database(lambda: publish(changed, title="Returns policy"))
    now = await ask(ada)
    assert now.run.route == "extractive"
    assert "by law" in now.answer["message"]["text"]
    assert await routes(ada, QUESTION) == ["cached"]


async def test_a_better_passage_takes_an_answers_place(ada: Customer, publish: Publish) -> None:
    await in_database(lambda: publish(RETURNS_POLICY, title="Returns policy"))
    await ask(ada)
    news = "# Opened coffee beans\n\nYou can return opened coffee beans since Monday."
    await in_database(lambda: publish(news, "news.md"))
    assert await routes(ada, QUESTION) == ["extractive"]


async def test_a_document_on_another_subject_costs_one_search(
    ada: Customer, publish: Publish
) -> None:
    for number in range(cache.BEST):  # enough passages that a further one is not among the best
        text = f"# Returns {number}\n\nYou can return unopened coffee number {number} in 30 days."
        await in_database(partial(publish, text, f"{number}.md"))
    await in_database(lambda: publish(RETURNS_POLICY, title="Returns policy"))
    await ask(ada)
    other = "# Careers\n\nWe look for a plumber in Leeds."
    await in_database(lambda: publish(other, "careers.md"))
    assert await routes(ada, QUESTION, QUESTION) == ["cached", "cached"]
    entry = await in_database(CachedAnswer.objects.get)
    assert entry.checked_at > entry.created_at


@pytest.mark.usefixtures("returns_policy")
async def test_another_day_is_looked_at_anew(ada: Customer) -> None:
    await ask(ada)
    yesterday = timezone.localdate() - dt.timedelta(days=1)
    await in_database(lambda: CachedAnswer.objects.update(day=yesterday))
    assert await routes(ada, QUESTION) == ["cached"]
    assert (await in_database(CachedAnswer.objects.get)).day == timezone.localdate()


@pytest.mark.usefixtures("returns_policy")
async def test_another_embedding_model_is_looked_at_anew(ada: Customer) -> None:
    await ask(ada)
    await in_database(lambda: CachedAnswer.objects.update(model="another", best=[0]))
    assert await routes(ada, QUESTION) == ["extractive"]
    active = await in_database(lambda: EmbeddingIndex.objects.get(state="active").model)
    assert (await in_database(CachedAnswer.objects.get)).model == active


@pytest.mark.usefixtures("returns_policy")
async def test_a_curated_answer_wins_over_a_cached_one(ada: Customer, cleo: Any) -> None:
    await ask(ada)
    version = await in_database(DocumentVersion.objects.get)
    await in_database(lambda: curate(version, cleo))
    assert await routes(ada, QUESTION) == ["curated"]
    await in_database(CuratedAnswer.objects.all().delete)
    assert await routes(ada, QUESTION) == ["cached"]


@pytest.mark.usefixtures("returns_policy")
async def test_it_goes_with_the_customer_who_asked_first(ada: Customer) -> None:
    await ask(ada)
    await in_database(ada.delete)
    assert await entries() == 0


@pytest.mark.usefixtures("returns_policy")
async def test_a_sentence_that_no_longer_passes_the_check_drops_the_answer(ada: Customer) -> None:
    await ask(ada)

    def change() -> None:
        entry = CachedAnswer.objects.get()
        entry.sentences[0]["text"] = "Opened coffee beans can be returned for £99.50."
        entry.save(update_fields=["sentences"])

    await in_database(change)
    now = await ask(ada)
    assert now.run.route == "extractive"
    assert "99.50" not in now.answer["message"]["text"]


@pytest.mark.usefixtures("returns_policy")
async def test_a_passage_that_is_not_served_drops_the_answer_whatever_the_revision_says(
    ada: Customer,
) -> None:
    await ask(ada)

    def take_out() -> None:
        Passage.objects.update(published=False)
        CachedAnswer.objects.update(revision=Revision.objects.get().number)

    await in_database(take_out)
    assert (await ask(ada)).answer["outcome"] == "no_answer"
    assert await entries() == 0


# -- Compared in the background -------------------------------------------------------------------
@pytest.mark.usefixtures("returns_policy")
async def test_a_sample_is_answered_anew_and_compared(ada: Customer) -> None:
    first = await ask(ada)
    entry = await in_database(CachedAnswer.objects.get)
    await compare(entry_id=entry.pk, text=SAME, reader=Audience.PUBLIC)
    check = await in_database(CacheCheck.objects.select_related("new_run").get)
    assert (check.agrees, check.question, check.cached_run_id) == (True, SAME, first.run.pk)
    assert (check.new_run.route, check.new_run.delivery) == ("extractive", "compared")
    assert await entries() == 1


@pytest.mark.usefixtures("returns_policy")
async def test_an_answer_that_rests_on_something_else_does_not_agree(ada: Customer) -> None:
    await ask(ada)
    entry = await in_database(CachedAnswer.objects.get)
    other = "Who won the cup in 1998?"
    await compare(entry_id=entry.pk, text=other, reader=Audience.PUBLIC)
    assert not (await in_database(CacheCheck.objects.get)).agrees
    await compare(entry_id=0, text=other, reader=Audience.PUBLIC)  # gone meanwhile
    assert await in_database(CacheCheck.objects.count) == 1


@pytest.mark.usefixtures("returns_policy")
async def test_every_hit_is_sent_to_a_worker_if_all_are_to_be_checked(
    ada: Customer, settings: Settings
) -> None:
    settings.ANSWER_CACHE_CHECKED = 1.0
    redis = Redis.from_url(settings.REDIS_URL)
    redis.delete(settings.CELERY_TASK_DEFAULT_QUEUE)
    assert await routes(ada, QUESTION, QUESTION) == ["extractive", "cached"]
    (sent,) = redis.lrange(settings.CELERY_TASK_DEFAULT_QUEUE, 0, -1)
    assert cache.CHECK_TASK.encode() in sent


def test_a_worker_compares_outside_a_web_process(publish: Publish, ada: Customer) -> None:
    publish(RETURNS_POLICY, title="Returns policy")
    asyncio.run(ask(ada))
    check_cached(CachedAnswer.objects.get().pk, SAME, "public")
    assert CacheCheck.objects.get().agrees


# -- No answer outlives its sources ---------------------------------------------------------------
DOCUMENTS = ("fees.md", "prices.md", "offers.md")
ASKED = "What does express delivery cost?"
STEPS = st.one_of(
    st.tuples(st.just("reprice"), st.sampled_from(DOCUMENTS), st.integers(3, 9)),
    st.tuples(st.just("retire"), st.sampled_from(DOCUMENTS), st.just(0)),
    st.tuples(st.just("publish again"), st.sampled_from(DOCUMENTS), st.just(0)),
    st.tuples(st.just("move in time"), st.sampled_from(DOCUMENTS), st.integers(-1, 1)),
    st.tuples(st.just("for staff"), st.sampled_from(DOCUMENTS), st.just(0)),
    st.tuples(st.just("delete"), st.sampled_from(DOCUMENTS), st.just(0)),
)


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, min_size=1, max_size=6))
def test_no_answer_outlives_its_sources(publish: Publish, steps: list[Any]) -> None:
    Document.objects.all().delete()
    CachedAnswer.objects.all().delete()
    publish(_document("fees.md", 5), "fees.md")
    _check_against_a_new_answer()
    for action, name, number in steps:
        _do(publish, action, name, number)
        _check_against_a_new_answer()


def _document(name: str, price: int) -> str:
    return f"# Express {name.removesuffix('.md')}\n\nExpress delivery costs £{price}.50 an order."


def _do(publish: Publish, action: str, name: str, number: int) -> None:
    document = Document.objects.filter(external_id=name).first()
    if action == "reprice":
        publish(_document(name, number), name)
        return
    if document is None:
        return
    if action == "delete":
        document.delete()
        return
    version = document.versions.order_by("-number")[0]
    start = timezone.localdate() + dt.timedelta(days=number)
    try:
        match action:
            case "retire":
                retire_version(version=version)
            case "publish again":
                publish_version(version=version, terms=Terms(Audience.PUBLIC))
            case "for staff":
                change_terms(version=version, terms=Terms(Audience.INTERNAL))
            case "move in time":  # it ended yesterday, lasts today alone, or begins tomorrow
                days = Terms(Audience.PUBLIC, start, start + dt.timedelta(days=1))
                change_terms(version=version, terms=days)
    except LifecycleError:
        pass  # no day is left to it, or it is retired


def _check_against_a_new_answer() -> None:
    """Twice, so that the second one may come from the cache."""
    for _ in range(2):
        given, fresh = _answers()
        assert _said(given) == _said(fresh)
        live = set(
            Passage.objects.live(timezone.localdate(), Audience.PUBLIC).values_list("pk", flat=True)
        )
        cited = {
            int(one["passage_id"])
            for sentence in given.reply["sentences"]
            for one in sentence["citations"]
        }
        assert cited <= live
    if cited:
        assert given.route == "cached"  # so that the test says something


def _said(run: AnswerRun) -> list[Any]:
    """The answer, whatever its sources are numbered with."""
    return [
        (each["text"], [{**cited, "n": 0} for cited in each["citations"]])
        for each in run.reply["sentences"]
    ]


def _answers() -> tuple[AnswerRun, AnswerRun]:
    """As it is given, and as it would be written now."""

    async def both() -> list[AnswerRun]:
        runs = []
        for only_compared in (False, True):
            question = DirectQuestion(ASKED, only_compared=only_compared)
            async with direct_run(question) as run:
                _ = [event async for event in run.events()]
            runs.append(run.row)
        return runs

    given, fresh = asyncio.run(both())
    return given, fresh
