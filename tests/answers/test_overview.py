"""A question about a topic as a whole is answered by the beginning of what is about it."""

from __future__ import annotations

import datetime as dt

import pytest

from knowledge.models import Audience
from supportbot.answers.composer import compose
from supportbot.retrieval.caches import clear_caches
from supportbot.retrieval.search import Scope, search
from tests.conftest import Publish

RETURNS = """# Returns policy

In effect from 1 March 2026. This policy applies to every order.

Applies to orders placed on or after 1 March 2026, and to no others.

We want you to keep things because you use them.

## How long you have

| What you bought | How long you have |
|---|---|
| Most items | 45 days |
| Refurbished items | 14 days |
| Gifts | 60 days |

## Your refund

We issue the refund within 7 days of the parcel reaching our warehouse. It goes back to the payment
method you used.

The outbound delivery is refunded if you return the whole order within 14 days.
"""
LIST = """# Price list

| Product | Price | Warranty |
|---|---|---|
| Set: Duo with grinder | £1,199 | 36 months |
| Duo from the outlet, refurbished | £649 | 12 months |
| Duo machine | £899 | 36 months |
"""
PARCELS = """# Parcels

## Following your parcel

The dispatch email contains the tracking link.

## Delivered, says the tracking

1. Look at the photo in the tracking page.
2. Ask your neighbours.
3. Report the parcel to us.
"""
PRICES = """# Price match promise

If you find the same item for less at another shop, we match the price for 14 days.

## Together with other offers

A matched price cannot be combined with a voucher. A price match does not change your delivery.
"""
STORES = """# Stores and opening hours

| Store | Address | Monday to Friday | Sunday |
|---|---|---|---|
| Quill | 4 Millrace Lane | 9 am to 6 pm | closed |
| Marl | 27 Weaver Street | 10 am to 6 pm | 11 am to 4 pm |
| Fennel | Tollhouse Arcade | 9 am to 7 pm | closed |
"""
ORDERS = """# Changing an order

## What you can change

| State | Change the address | Cancel |
|---|---|---|
| Received | yes | yes, free |
| Packing | no | we try |
| Dispatched | carrier options only | refuse or return |

## Where we deliver

| Zone | Countries |
|---|---|
| Europe 1 | Belgium, France, Germany |
| Europe 2 | Spain, Portugal |

We do not deliver to countries that are not in this table.
"""


@pytest.fixture(autouse=True)
def documents(publish: Publish) -> None:
    for text in (RETURNS, PRICES, STORES, ORDERS, LIST, PARCELS):
        title = text.partition("\n")[0].removeprefix("# ")
        publish(text, f"{title}.md", title=title)


def said(question: str) -> list[str]:
    clear_caches()
    found = search(question, scope=Scope(dt.date(2026, 11, 21), Audience.PUBLIC), limit=16)
    return [one.text for one in compose(found)]


def test_a_policy_is_told_by_its_first_table_not_by_what_it_says_of_itself() -> None:
    rows = ["Most items: 45 days.", "Refurbished items: 14 days.", "Gifts: 60 days."]
    for question in ("whats your return policy", "returns", "tell me about your returns policy"):
        assert said(question) == rows


def test_a_topic_that_a_heading_names_is_told_from_its_beginning() -> None:
    for question in ("refund policy", "how long do refunds take"):
        assert said(question)[0].startswith("We issue the refund within 7 days")


def test_do_you_is_answered_by_the_first_sentence_of_the_document() -> None:
    assert said("do you price match")[0].startswith("If you find the same item for less")


def test_all_rows_are_listed_for_a_question_about_all() -> None:
    assert said("where are your stores") == [
        "Quill, 4 Millrace Lane.",
        "Marl, 27 Weaver Street.",
        "Fennel, Tollhouse Arcade.",
    ]
    assert len(said("what are your opening hours")) == 3


def test_a_question_that_asks_for_more_is_not_answered_in_general() -> None:
    assert said("how long do i have to return a gift") == ["Gifts: 60 days."]
    assert "27 Weaver Street" not in " ".join(said("is Quill open on sunday"))


def test_what_somebody_wants_to_do_is_not_answered_in_general() -> None:
    for question in ("my price match doesn't work", "cancel my order"):
        assert not said(question)[0].startswith(("If you find", "Most items"))
    assert said("when will i get my refund")[0].startswith("We issue the refund within 7 days")


def test_a_small_table_is_told_whole_if_no_row_is_named() -> None:
    lines = said("can i still change it")
    assert [line.partition(":")[0] for line in lines[-3:]] == ["Received", "Packing", "Dispatched"]


def test_a_sentence_about_a_table_brings_it_along() -> None:
    lines = said("which countries can you not deliver to")
    assert any("Belgium" in line for line in lines)
    assert lines[-1] == "We do not deliver to countries that are not in this table."


def test_the_price_of_a_thing_is_that_of_its_own_row() -> None:
    for question in ("price of the duo?", "how much is the duo"):
        assert said(question) == ["Duo machine: £899."]
    assert said("how much is the set") == ["Set: Duo with grinder: £1,199."]


def test_steps_for_a_state_are_for_those_who_name_it() -> None:
    assert said("how do i track my parcel")[0] == "The dispatch email contains the tracking link."
    assert said("it says delivered, what can i do")[0] == "Look at the photo in the tracking page."


def test_a_heading_that_asks_for_the_same_counts() -> None:
    assert said("how many days do i have to return something")[0] == "Most items: 45 days."
