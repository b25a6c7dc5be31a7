"""Misspelt words are put right before the search, by words that the documents have."""

from __future__ import annotations

import datetime as dt

import pytest

from knowledge.models import Audience
from supportbot.retrieval.caches import clear_caches
from supportbot.retrieval.search import Scope, search
from supportbot.retrieval.settings import RetrievalSettings
from supportbot.retrieval.spelling import MAX_CHARACTERS, MAX_MISSPELT, correct_spelling
from tests.conftest import Publish

POLICY = """# Warranty and delivery

The warranty of a grinder is two years. Delivery to Norway takes five days.

Something sent back must be unopened. A bag of 500 g costs £9. The Cafino 3 has no timer.

It shows the balance.
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
        ("the ballance of it", "the balance of it"),  # a slip that is in the dictionary
        ("how long is the garantee", "how long is the guarantee"),  # of the dictionary alone
    ],
)
def test_a_misspelt_word_becomes_the_documents_word(written: str, meant: str) -> None:
    assert correct_spelling(written, ["en"]) == meant


@pytest.mark.parametrize(
    ("written", "documents", "meant"),
    [
        (
            "do you have a loyalty program",
            "Our loyalty programme.",
            "do you have a loyalty programme",
        ),
        ("i cannot log in", "Sign in with your email.", "i cannot sign in"),
        ("i cannot log in", "Log in with your email.", "i cannot log in"),
        ("my zip code", "The postcode decides.", "my postcode"),
        ("which color", "Another colour is free.", "which colour"),
        ("personalised tampers", "Personalised tampers stay.", "personalised tampers"),
        ("what about the center", "It stands here.", "what about the center"),
    ],
)
def test_a_word_is_spelt_as_the_documents_do(
    publish: Publish, written: str, documents: str, meant: str
) -> None:
    publish(documents)
    assert correct_spelling(written, ["en"]) == meant


@pytest.mark.parametrize(
    "text",
    [
        "is there wifi",  # like “wife”, which the documents do not have
        "does the Cafino have a timer",  # a name
        "error E02 on A200s",  # codes
        "we run a cafe",  # “café”
        "the cafino timer",  # a name of the documents, in small letters
        "How long is the warranty?",
        "",
        "Wie lange dauert die Lieferung",
    ],
)
def test_what_is_no_misspelling_stays(text: str) -> None:
    assert correct_spelling(text, ["en"]) == text


def test_a_word_of_any_language_of_the_documents_is_right() -> None:
    assert correct_spelling("lieferung", ["en", "de"]) == "lieferung"


def test_a_language_without_a_dictionary_is_left_alone() -> None:
    assert correct_spelling("waranty", ["xx"]) == "waranty"


def test_a_text_full_of_strange_words_is_another_language() -> None:
    strange = " ".join(f"waranty{letter}" for letter in "abcdefghi"[: MAX_MISSPELT + 1])
    assert correct_spelling(strange, ["en"]) == strange


def test_a_long_text_is_left_alone() -> None:
    text = "waranty " * (MAX_CHARACTERS // 8 + 1)
    assert correct_spelling(text, ["en"]) == text


def test_the_search_is_made_with_what_was_meant() -> None:
    clear_caches()
    found = search("waranty of a grindr", scope=NOW)
    assert found.searched_text == "warranty of a grinder"
    assert found.passages[0].lexical > 0
    clear_caches()
    as_written = RetrievalSettings(spelling=False)
    found = search("waranty of a grindr", scope=NOW, settings=as_written)
    assert found.searched_text == "waranty of a grindr"
