"""A question that is too bare to be found is completed before the search."""

from __future__ import annotations

import datetime as dt

import pytest

from knowledge.models import Audience
from supportbot.retrieval.bare_questions import complete_bare_question
from supportbot.retrieval.search import Scope, search
from tests.conftest import Publish


@pytest.mark.parametrize(
    ("bare", "complete"),
    [
        ("phone number", "how do i contact you by telephone"),
        ("What's your phone number?", "how do i contact you by telephone"),
        ("can i ring someone", "how do i contact you by telephone"),
        ("email address?", "how do i contact you by email"),
        ("hello how can i contact you", "how do i contact you"),
        ("how do i reach customer service?", "how do i contact you"),
        ("How much is the Heron 1.2?", "price of the Heron 1.2"),
        ("how much does a grinder cost", "price of a grinder"),
        ("contact", "how do i contact you"),
        ("customer support", "how do i contact you"),
        ("where are you located", "what is the address of your stores"),
    ],
)
def test_bare_questions(bare: str, complete: str) -> None:
    assert complete_bare_question(bare) == complete


@pytest.mark.parametrize(
    "text",
    [
        "how do i change my email address",
        "what is the serial number",
        "where is my order",
        "my phone number is 0123",
        "how much is it",
        "how much is delivery to norway",
        "how much does it cost to send a machine back to you",
        "",
    ],
)
def test_others_stay(text: str) -> None:
    assert complete_bare_question(text) == text


def test_the_search_asks_the_complete_question(publish: Publish) -> None:
    publish("# Contact\n\nWrite to help@shop.example or call 0123 456 7890.")
    found = search("phone number", scope=Scope(dt.date(2026, 11, 21), Audience.PUBLIC))
    assert found.searched_text == "how do i contact you by telephone"
