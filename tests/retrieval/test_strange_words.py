"""A question about something that the documents never mention has no answer there."""

from __future__ import annotations

import datetime as dt

import pytest

from knowledge.models import Audience
from supportbot.configuration.content import ANSWERABILITY_MIN
from supportbot.retrieval.caches import clear_caches
from supportbot.retrieval.search import Ranking, Scope, search
from supportbot.retrieval.strange_words import FREE_SHARE, without_strange_words
from tests.conftest import Publish

STORES = """# Our stores

| Store | Address | Monday to Friday | Telephone |
|---|---|---|---|
| Marlbeck | 27 Weaver Street, Marlbeck | 10 am to 6 pm | 01632 960120 |

We deliver to Switzerland and Germany. You can park a car behind the Marlbeck store.
"""


@pytest.fixture(autouse=True)
def stores(publish: Publish) -> None:
    publish(STORES)


def ask(question: str) -> Ranking:
    clear_caches()
    return search(question, scope=Scope(dt.date(2026, 11, 21), Audience.PUBLIC))


@pytest.mark.parametrize(
    "question", ["is there wifi in the marlbeck store", "do you sell gluten free cake in marlbeck"]
)
def test_a_question_about_what_nothing_mentions_has_no_answer(question: str) -> None:
    found = ask(question)
    assert found.trace.signals["strange_words"] > FREE_SHARE
    assert found.answerability < ANSWERABILITY_MIN


@pytest.mark.parametrize(
    "question",
    [
        "where is the marlbeck store",
        "do you deliver to france",  # near Switzerland
        "is there parking at the marlbeck store",
        "can i leave my automobile at the marlbeck store",  # a car
    ],
)
def test_other_words_for_what_is_mentioned_are_not_strange(question: str) -> None:
    assert ask(question).trace.signals["strange_words"] <= FREE_SHARE


def test_documents_in_another_language_are_not_judged(publish: Publish) -> None:
    publish("# Läden\n\nDer Laden in Marlbeck öffnet um 10 Uhr.", "de.md", locale="de")
    assert ask("is there wifi in the marlbeck store").trace.signals["strange_words"] == 0


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0.6), (FREE_SHARE, 0.6), (0.3, 0.2324)])
def test_strange_words_lower_the_probability(share: float, expected: float) -> None:
    assert without_strange_words(0.6, share) == pytest.approx(expected, abs=1e-3)
