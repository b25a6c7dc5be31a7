"""The answer cache in the admin: figures, entries, and comparisons."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from knowledge.models import Audience
from supportbot.answers.admin_cache import figures
from supportbot.answers.cache_checks import compare
from supportbot.answers.models import CachedAnswer
from tests.answers.asking import QUESTION, answered, in_database, new_conversation
from tickets.models import Customer

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/admin/answers/cachedanswer/"
CHECKS = "/admin/answers/cachecheck/"


@pytest.fixture(autouse=True)
def _all_answers_are_kept(settings: Settings) -> None:
    settings.ANSWER_CACHE, settings.ANSWER_CACHE_CHECKED = "all", 0.0


@pytest.fixture
def agent(ben: User, browser_of: Callable[[User], Client]) -> Client:
    return browser_of(ben)


def test_an_empty_cache_has_figures_in_words(agent: Client) -> None:
    shown = agent.get(LIST).content.decode()
    assert "0 of 0 answers from the documents" in shown
    assert "not known: none has been compared yet" in shown
    assert "0 answers" in shown


@pytest.mark.usefixtures("returns_policy")
async def test_hits_misses_and_wrong_hits_are_counted(
    ada: Customer, agent: Client, ben: User
) -> None:
    for _ in range(3):
        last = await answered(await new_conversation(ada), QUESTION)
    entry = await in_database(CachedAnswer.objects.get)
    await compare(entry_id=entry.pk, text=QUESTION, reader=Audience.PUBLIC)
    await compare(entry_id=entry.pk, text="Who won the cup?", reader=Audience.PUBLIC)
    found = await in_database(lambda: figures(ben))
    assert (found.hits, found.misses, found.checked, found.wrong) == (2, 1, 2, 1)
    assert found.wrong_most > found.wrong_rate == 50.0

    def pages() -> list[str]:
        run = reverse("admin:answers_answerrun_change", args=[last.run.pk])
        own = reverse("admin:answers_cachedanswer_change", args=[entry.pk])
        return [agent.get(url).content.decode() for url in (LIST, CHECKS, run, own)]

    listed, checks, run, own = await in_database(pages)
    assert "2 of 3 answers from the documents" in listed
    assert "1 of 2 that were written anew" in listed
    assert "2 times" in listed
    assert "Rests on something else" in checks
    assert str(entry.run_id) in checks
    assert "the run that wrote it" in run
    assert "Opened coffee beans cannot be returned" in own
    assert all("<local-time" in page for page in (listed, checks, run, own))


@pytest.mark.usefixtures("returns_policy")
async def test_a_deleted_entry_is_written_anew(ada: Customer, agent: Client) -> None:
    await answered(await new_conversation(ada), QUESTION)
    entry = await in_database(CachedAnswer.objects.get)
    url = reverse("admin:answers_cachedanswer_delete", args=[entry.pk])
    await in_database(lambda: agent.post(url, {"post": "yes"}))
    told = await answered(await new_conversation(ada), QUESTION)
    assert told.run.route == "extractive"


def test_nobody_writes_into_the_cache(
    agent: Client, eve: User, browser_of: Callable[[User], Client]
) -> None:
    assert agent.get(f"{LIST}add/").status_code == 403
    assert browser_of(eve).get(LIST).status_code == 302
