"""Which sentences may be shown, and what takes the place of those that may not."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncGenerator

import pytest

from knowledge.text.units import units_of
from supportbot.answers.sentence_check import check, check_sentence
from supportbot.answers.types import Checked, Evidence, Proposed
from supportbot.guardrails.types import Verdict
from supportbot.reader.reading import Reading, ReadUnit
from tests.answers.passages import evidence

BEANS = "Opened coffee beans cannot be returned. Gift cards are no exception."
FEES = "The return parcel costs £3.95, unless the item was faulty. The code is A-17."
LINKS = "See https://shop.example/returns, **help@shop.example** or shop.example/faq\\_1 for more."


def checked(text: str, *cited: int, found: Evidence | None = None) -> Checked:
    return check_sentence(Proposed(text, cited), found or evidence(BEANS, FEES, LINKS))


@pytest.mark.parametrize("cited", [(), (0,), (2,), (77,), (-1,)])
def test_whatever_a_model_cites_a_sentence_is_attributed_to_its_place(
    cited: tuple[int, ...],
) -> None:
    found = checked("The return parcel costs £3.95, unless the item was faulty.", *cited)
    assert (found.verdict, found.reason) == (Verdict.KEEP, "supported")
    (citation,) = found.citations
    assert (citation["n"], citation["passage"]) == (2, FEES)
    assert citation["quote"] == "The return parcel costs £3.95, unless the item was faulty."


def test_a_quote_stands_in_its_passage() -> None:
    for text in ("Opened coffee beans cannot be returned.", "The code is A-17."):
        for citation in checked(text).citations:
            assert citation["quote"] in citation["passage"]


def with_reading(found: Evidence, *likely: tuple[int, int]) -> Evidence:
    """The evidence with a reading in which these units answer, best first."""
    units = []
    for number, passage in enumerate(found.passages):
        for position, unit in enumerate(units_of(passage.text)):
            place = (number, position)
            score = 1.0 - 0.1 * likely.index(place) if place in likely else 0.0
            units.append(ReadUnit(number, position, unit, score, score, 0.5, 0.5))
    ranking = dataclasses.replace(found.ranking, reading=Reading(tuple(units)))
    return dataclasses.replace(found, ranking=ranking)


def test_the_sources_own_sentence_takes_the_place_of_one_that_is_wrong() -> None:
    found = checked(
        "The return parcel costs £4.95, unless the item was faulty.",
        found=with_reading(evidence(BEANS, FEES, LINKS), (1, 0)),
    )
    assert (found.verdict, found.kept) == (Verdict.SOFTEN, True)
    assert found.sentence.text == "The return parcel costs £3.95, unless the item was faulty."
    assert found.replaced == "The return parcel costs £4.95, unless the item was faulty."
    assert found.findings[0].reason == found.reason == "number_not_in_source"
    assert [citation["n"] for citation in found.citations] == [2]


def test_nothing_takes_its_place_if_the_reader_does_not_find_that_it_answers() -> None:
    found = checked("The return parcel costs £4.95.", found=evidence(BEANS, FEES))
    assert found.verdict is Verdict.DROP
    assert "number_not_in_source" in {one.reason for one in found.findings}
    assert found.citations == ()


async def test_the_same_sentence_takes_the_place_of_several_once() -> None:
    found = with_reading(evidence(BEANS, FEES, LINKS), (1, 0))

    async def proposed() -> AsyncGenerator[Proposed]:
        for price in ("£4.95", "£5.95"):
            yield Proposed(f"The return parcel costs {price}, unless the item was faulty.", ())

    verdicts = [(one.verdict, one.reason) async for one in check(proposed(), found)]
    assert verdicts == [
        (Verdict.SOFTEN, "number_not_in_source"),
        (Verdict.DROP, "said_before"),
    ]


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ("promise", "I have refunded the return parcel."),
        ("no_substance", "You can have it."),
        ("not_in_source", "The moon is made of green cheese from Normandy."),
    ],
)
def test_what_no_source_can_stand_in_for_is_dropped(reason: str, text: str) -> None:
    found = checked(text, 0)
    assert (found.verdict, found.reason, found.kept) == (Verdict.DROP, reason, False)


@pytest.mark.parametrize("address", ["https://evil.example/", "shop.example", "me@shop.example"])
def test_an_address_that_does_not_stand_there_drops_the_sentence(address: str) -> None:
    assert not checked(f"See {address} for more.", 2).kept
    assert checked("See https://shop.example/returns for more.", 2).kept


def test_the_words_of_a_quote_must_stand_where_they_are_cited() -> None:
    found = evidence(BEANS, FEES)
    quote = ("Gift cards are no exception.",)
    assert check_sentence(Proposed("Gift cards are no exception.", (0,), quote), found).kept
    for cited, reason in (((1,), "quote_not_in_source"), ((7,), "unknown_citation")):
        dropped = check_sentence(Proposed("Gift cards are no exception.", cited, quote), found)
        assert (dropped.kept, dropped.reason) == (False, reason)


def test_a_citation_says_all_that_the_panel_shows() -> None:
    (citation,) = checked("Opened coffee beans cannot be returned.").citations
    assert citation == {
        "n": 1,
        "kind": "passage",
        "passage_id": "101",
        "document_id": "1",
        "title": "Returns policy",
        "heading": ["Returns policy"],
        "page": None,
        "quote": "Opened coffee beans cannot be returned.",
        "cells": [],
        "passage": BEANS,
        "version": 3,
        "effective_from": "2026-03-01",
        "updated_at": "2026-02-20T09:00:00.000Z",
        "url": None,
    }


def test_the_cells_that_were_said_are_named() -> None:
    table = "| Plan | Price | Term |\n|---|---|---|\n| River | €34 | 12 months |"
    (citation,) = checked("The River plan costs €34.", found=evidence(table)).citations
    assert citation["cells"] == ["River", "€34"]
