"""Misspelt words are put right before the search, by words that the documents have."""

from __future__ import annotations

import datetime as dt

import pytest

from knowledge.models import Audience
from supportbot.retrieval.search import Scope, forget_rankings, search
from supportbot.retrieval.settings import RetrievalSettings
from supportbot.retrieval.spelling import MOST_CHARACTERS, MOST_MISSPELT, spelt_right
from tests.conftest import Publish

POLICY = """# Warranty and delivery

The warranty of a grinder is two years. Delivery to Norway takes five days.

Something sent back must be unopened. A bag of 500 g costs £9. The Cafino 3 has no timer.
"""
NOW = Scope(dt.date(2026, 11, 21), Audience.PUBLIC)


@pytest.fixture(autouse=True)
def policy(publish: Publish) -> None:
    publish(POLICY)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("how long is the waranty", "how long is the warranty"),
        ("delivry to norway", "delivery to norway"),
        ("can i send somthing back unopend", "can i send something back unopened"),
        ("wats the price of 500g pls", "what is the price of 500 g please"),
        ("Waranty of a grinder?", "warranty of a grinder?"),
    ],
)
def test_a_misspelt_word_becomes_the_documents_word(written: str, meant: str) -> None:
    assert spelt_right(written, ["en"]) == meant


@pytest.mark.parametrize(
    "text",
    [
        "is there wifi",  # like “wife”, which the documents do not have
        "does the Cafino have a timer",  # a name
        "error E02 on A200s",  # codes
        "the cafino timer",  # a name of the documents, in small letters
        "How long is the warranty?",
        "",
        "Wie lange dauert die Lieferung",
    ],
)
def test_what_is_no_misspelling_stays(text: str) -> None:
    assert spelt_right(text, ["en"]) == text


def test_a_word_of_any_language_of_the_documents_is_right() -> None:
    assert spelt_right("lieferung", ["en", "de"]) == "lieferung"


def test_a_language_without_a_dictionary_is_left_alone() -> None:
    assert spelt_right("waranty", ["xx"]) == "waranty"


def test_a_text_full_of_strange_words_is_another_language() -> None:
    strange = " ".join(f"waranty{letter}" for letter in "abcdefghi"[: MOST_MISSPELT + 1])
    assert spelt_right(strange, ["en"]) == strange


def test_a_long_text_is_left_alone() -> None:
    text = "waranty " * (MOST_CHARACTERS // 8 + 1)
    assert spelt_right(text, ["en"]) == text


def test_the_search_is_made_with_what_was_meant() -> None:
    forget_rankings()
    found = search("waranty of a grindr", scope=NOW)
    assert found.asked == "warranty of a grinder"
    assert found.passages[0].lexical > 0
    forget_rankings()
    as_written = RetrievalSettings(spelling=False)
    found = search("waranty of a grindr", scope=NOW, settings=as_written)
    assert found.asked == "waranty of a grindr"
