"""Which sentences may be shown: those whose substance stands in the passages they cite."""

from __future__ import annotations

import pytest

from supportbot.answers.check import check_sentence
from supportbot.answers.types import Proposed
from tests.answers.passages import evidence

BEANS = "Opened coffee beans cannot be returned. Gift cards are no exception."
FEES = (
    "The return parcel costs £3.95, and 15% is kept of orders over 1,000 pounds. The code is A-17."
)
LINKS = "See https://shop.example/returns, **help@shop.example** or shop.example/faq\\_1 for more."


def reason(text: str, *cited: int) -> str:
    checked = check_sentence(Proposed(text, cited or (0, 1, 2)), evidence(BEANS, FEES, LINKS))
    assert checked.kept == (checked.reason == "supported")
    assert bool(checked.citations) == checked.kept
    return checked.reason


def test_a_sentence_in_the_passages_own_words_is_kept() -> None:
    assert reason("Opened coffee beans cannot be returned.", 0) == "supported"


def test_a_sentence_without_a_citation_is_dropped() -> None:
    checked = check_sentence(Proposed("Opened beans cannot be returned.", ()), evidence(BEANS))
    assert (checked.kept, checked.reason) == (False, "no_citation")


@pytest.mark.parametrize("cited", [(3,), (-1,), (0, 3), (0, -1), (999,)])
def test_a_citation_of_a_passage_that_was_not_found_drops_the_sentence(
    cited: tuple[int, ...],
) -> None:
    assert reason("Opened coffee beans cannot be returned.", *cited) == "unknown_citation"


def test_only_the_cited_passages_count() -> None:
    assert reason("Opened coffee beans cannot be returned.", 2) == "not_in_passage"
    assert reason("The return parcel costs £3.95.", 0) == "number_not_in_passage"
    assert reason("The return parcel costs £3.95.", 0, 1) == "supported"


@pytest.mark.parametrize("text", ["You can have it.", "It is not so.", "We would."])
def test_a_sentence_that_says_nothing_is_dropped(text: str) -> None:
    assert reason(text) == "no_substance"


@pytest.mark.parametrize(
    "text",
    [
        "The return parcel costs £3.95.",
        "The return parcel costs £3.950.",
        "The return parcel costs 3,95 pounds.",
        "15% is kept of orders over 1,000 pounds.",
        "15 % is kept of orders over 1000 pounds.",
        "15% is kept of orders over 1,000.00 pounds.",
        "The code is A-17.",
    ],
)
def test_one_number_has_many_spellings(text: str) -> None:
    assert reason(text) == "supported"


@pytest.mark.parametrize(
    "text",
    [
        "The return parcel costs £4.95.",
        "The return parcel costs £395.",
        "The return parcel costs £3.9.",
        "The return parcel costs £39.5.",
        "5% is kept of orders over 1,000 pounds.",
        "15.5% is kept of orders over 1,000 pounds.",
        "15% is kept of orders over 100 pounds.",
        "15% is kept of orders over 10000 pounds.",
        "15% is kept of orders over 1.0001 pounds.",
        "The code is A-18.",
    ],
)
def test_a_number_that_does_not_stand_there_drops_the_sentence(text: str) -> None:
    assert reason(text) == "number_not_in_passage"


@pytest.mark.parametrize(
    "text",
    [
        "See https://shop.example/returns for more.",
        "For more, see (https://shop.example/returns).",
        "See HTTPS://Shop.Example/returns.",
        "See help@shop.example for more.",
        "See shop.example/faq_1.",
    ],
)
def test_an_address_that_stands_in_the_passage_may_be_shown(text: str) -> None:
    assert reason(text, 2) == "supported"


@pytest.mark.parametrize(
    "text",
    [
        "See https://evil.example/ for more.",
        "See https://shop.example/returns?q=beans for more.",
        "See https://shop.example.evil.example/returns for more.",
        "See http://shop.example/returns for more.",
        "See shop.example for more.",
        "See www.shop.example for more.",
        "See me@shop.example for more.",
        "See ![more](https://evil.example/x.png) for more.",
    ],
)
def test_an_address_that_does_not_stand_there_drops_the_sentence(text: str) -> None:
    assert reason(text, 2) == "link_not_in_passage"


@pytest.mark.parametrize("text", ["e.g. coffee, i.e. opened beans, returned.", "Beans… returned."])
def test_full_stops_do_not_make_an_address(text: str) -> None:
    assert reason(text, 0) == "supported"


def test_less_than_half_of_the_meaning_is_not_enough() -> None:
    assert reason("Opened coffee beans taste wonderful everywhere.", 0) == "supported"  # 3 of 6
    assert reason("Opened coffee tastes wonderful everywhere.", 0) == "not_in_passage"


def test_headings_count_as_part_of_their_passage() -> None:
    assert reason("The returns policy excludes opened coffee.", 0) == "supported"


def test_each_citation_quotes_the_sentence_of_its_own_passage_that_fits_best() -> None:
    text = "Gift cards and coffee beans cannot be returned, a parcel costs £3.95."
    checked = check_sentence(Proposed(text, (1, 0)), evidence(BEANS, FEES))
    assert [c["n"] for c in checked.citations] == [2, 1]
    assert [c["passage"] for c in checked.citations] == [FEES, BEANS]
    for citation in checked.citations:
        assert citation["quote"] in citation["passage"]
    assert checked.citations[1]["quote"] == "Opened coffee beans cannot be returned."


def test_the_quotes_of_a_route_are_kept_in_order() -> None:
    proposed = Proposed("Opened coffee beans.", (0,), ("Opened coffee beans",))
    (citation,) = check_sentence(proposed, evidence(BEANS)).citations
    assert citation == {
        "n": 1,
        "passage_id": "101",
        "document_id": "1",
        "title": "Returns policy",
        "heading": ["Returns policy"],
        "page": None,
        "quote": "Opened coffee beans",
        "cells": [],
        "passage": BEANS,
        "version": 3,
        "effective_from": "2026-03-01",
        "updated_at": "2026-02-20T09:00:00.000Z",
    }


def test_a_passage_without_a_sentence_is_quoted_whole() -> None:
    (citation,) = check_sentence(Proposed("Returns policy", (0,)), evidence("#")).citations
    assert citation["quote"] == "#"
