"""One place of one source must bear a sentence; whatever a model cites is a hint."""

from __future__ import annotations

import time

import pytest

from supportbot.guardrails.check import judge
from supportbot.guardrails.sentence_parts import parts_of
from supportbot.guardrails.types import Source, SourceKind, Verdict

RETURNS = "Opened food cannot be returned. Sealed food can be returned within 14 days."
POSTAGE = "Return postage costs £3.95. See shop.example/returns for the label."
PLANS = """| Plan | Price a month | Minimum term |
|---|---|---|
| Brook | €24 | none |
| River | €34 | 12 months |"""


def sources(*texts: str) -> list[Source]:
    return [Source(at, SourceKind.PASSAGE, "Shop", text) for at, text in enumerate(texts)]


def test_a_sentence_without_a_citation_is_attributed_to_the_place_that_supports_it() -> None:
    found = judge("Return postage costs £3.95.", sources(RETURNS, POSTAGE))
    assert found.verdict is Verdict.KEEP
    assert found.piece is not None
    assert (found.piece.source, found.piece.quote) == (1, "Return postage costs £3.95.")


def test_a_wrong_citation_neither_saves_nor_sinks_a_sentence() -> None:
    right = judge("Return postage costs £3.95.", sources(RETURNS, POSTAGE), hints=[0])
    assert (right.verdict, right.pieces[0].source) == (Verdict.KEEP, 1)
    wrong = judge("Return postage costs £4.95.", sources(RETURNS, POSTAGE), hints=[1])
    assert wrong.verdict is not Verdict.KEEP


@pytest.mark.parametrize(
    "sentence",
    [
        "Opened food can be returned within 14 days.",
        "Opened food can be returned within fourteen days.",
        "Sealed food can be returned within fourteen years.",
        "Sealed food can be returned within 14 days, and I have refunded you already.",
    ],
)
def test_a_claim_is_not_collected_from_several_places(sentence: str) -> None:
    assert judge(sentence, sources(RETURNS)).verdict is not Verdict.KEEP


def test_a_sentence_of_two_statements_may_rest_on_two_places() -> None:
    sentence = "Opened food cannot be returned, but the return postage costs £3.95."
    found = judge(sentence, sources(RETURNS, POSTAGE))
    assert found.verdict is Verdict.KEEP
    assert {piece.source for piece in found.pieces} == {0, 1}
    assert len(parts_of(sentence)) == 2


def test_a_row_bears_only_what_its_own_cells_say() -> None:
    assert judge("The River plan costs €34 a month.", sources(PLANS)).verdict is Verdict.KEEP
    assert judge("The Brook plan costs €34 a month.", sources(PLANS)).verdict is not Verdict.KEEP


def test_a_stopped_sentence_names_the_place_that_comes_nearest() -> None:
    found = judge("Return postage costs £4.95.", sources(RETURNS, POSTAGE))
    assert found.verdict is Verdict.SOFTEN
    assert found.piece is not None
    assert found.piece.quote == "Return postage costs £3.95."
    assert found.reason == found.findings[0].reason == "number_not_in_source"


@pytest.mark.parametrize("sentence", ["The moon is made of cheese.", "You can have it.", "Yes."])
def test_what_no_source_speaks_of_is_dropped(sentence: str) -> None:
    assert judge(sentence, sources(RETURNS, POSTAGE)).verdict is Verdict.DROP


def test_an_address_must_stand_in_the_source() -> None:
    kept = judge("See shop.example/returns for the label.", sources(POSTAGE))
    assert kept.verdict is Verdict.KEEP
    for address in ("https://evil.example/", "shop.example", "me@shop.example"):
        found = judge(f"See {address} for the label.", sources(POSTAGE))
        assert found.verdict is not Verdict.KEEP


def test_without_sources_nothing_is_kept() -> None:
    assert judge("Return postage costs £3.95.", []).verdict is Verdict.DROP


def test_what_another_place_of_the_source_denies_is_too_general() -> None:
    found = judge("Food can be returned within 14 days.", sources(RETURNS))
    assert found.verdict is not Verdict.KEEP
    assert "denied_elsewhere" in {finding.reason for finding in found.findings}
    assert judge("Sealed food can be returned.", sources(RETURNS)).verdict is Verdict.KEEP


def test_the_same_time_in_another_unit_is_supported() -> None:
    found = judge("Sealed food can be returned within two weeks.", sources(RETURNS))
    assert found.verdict is Verdict.KEEP


def test_the_sources_own_sentence_passes_whatever_stands_beside_it() -> None:
    text = "Tickets can be exchanged. Tickets cannot be exchanged on the day of the show."
    found = judge("Tickets can be exchanged.", sources(text))
    assert found.verdict is Verdict.KEEP
    assert judge("Tickets can always be exchanged.", sources(text)).verdict is not Verdict.KEEP


NOT_TAKEN_BACK = """We cannot take back, because you have changed your mind:

1. Coffee in an opened bag.
2. Personalised items, such as an engraved tamper.
"""


def test_a_list_that_is_led_by_a_denial_denies_its_items() -> None:
    found = judge("An engraved tamper can be returned.", sources(NOT_TAKEN_BACK))
    assert found.verdict is not Verdict.KEEP
    assert "denied_by_lead" in {finding.reason for finding in found.findings}
    denied = judge("We cannot take back an engraved tamper.", sources(NOT_TAKEN_BACK))
    assert denied.verdict is Verdict.KEEP


def test_an_instruction_stands_in_the_source() -> None:
    boiler = sources("The steam boiler is under pressure. Rinse the boiler every month.")
    found = judge("Unscrew the boiler while it is under pressure.", boiler)
    assert found.verdict is not Verdict.KEEP
    assert "instruction_not_in_source" in {finding.reason for finding in found.findings}
    assert judge("Rinse the boiler every month.", boiler).verdict is Verdict.KEEP
    assert judge("Rinse your boiler each month.", boiler).verdict is Verdict.KEEP


def test_what_is_added_to_a_true_statement_is_stopped() -> None:
    added = "Return postage costs £3.95, and we'll email you a confirmation when it arrives."
    found = judge(added, sources(POSTAGE))
    assert found.verdict is not Verdict.KEEP
    assert "added_to_source" in {one.reason for one in found.findings}
    assert found.wants_only_support


def test_an_answer_word_denies_nothing() -> None:
    text = "Orders and invoices are kept for 7 years."
    assert judge(f"No, {text.lower()}", sources(text)).verdict is Verdict.KEEP
    assert judge("No orders and invoices are kept.", sources(text)).verdict is not Verdict.KEEP


def test_a_clause_is_compared_with_the_place_that_speaks_of_it() -> None:
    steps = "We email you a prepaid label. Pack the phone and hand it in at any post office."
    right = "We email you a prepaid label, then you hand in the phone at any post office."
    wrong = "You email us a prepaid label, then pack the phone and hand it in at any post office."
    assert judge(right, sources(steps)).verdict is Verdict.KEEP
    assert judge(wrong, sources(steps)).verdict is not Verdict.KEEP


@pytest.mark.parametrize(
    ("sentence", "source"),
    [
        ("You can exchange shoes.", "You can return shoes and exchange hats."),
        (
            "Members can book the hall for lessons.",
            "Members can book the court for lessons and the hall for parties.",
        ),
        (
            "Gold members get free delivery.",
            "Silver members get free delivery, gold members get free returns.",
        ),
        (
            "The deposit is not refunded if you cancel late, and the pass cannot be transferred.",
            "The deposit is refunded unless you cancel late, and the pass can be transferred.",
        ),
        ("The course lasts 4 weeks and costs £200.", "The course lasts 3 to 6 weeks for £200."),
        ("Just members get a discount.", "Members get a discount."),
        ("We refuse to refund deposits.", "We refund deposits."),
        ("We seldom refund deposits.", "We refund deposits."),
        ("Do you want a refund for your food?", "We refund food."),
        ("You do not pay.", "You do not pay until delivery."),
        ("The kettle may go in the dishwasher.", "Kettles with a red dot are recalled."),
        ("By your reading, express is free.", "Silver members get Express for £3.95."),
    ],
)
def test_a_word_more_or_less_is_another_claim(sentence: str, source: str) -> None:
    assert judge(sentence, sources(source)).verdict is not Verdict.KEEP


def test_a_heading_alone_bears_nothing_out() -> None:
    below = Source(0, SourceKind.PASSAGE, "Damaged goods, refunded", "Photograph the furniture.")
    assert judge("Damaged furniture is refunded.", [below]).verdict is not Verdict.KEEP


@pytest.mark.parametrize(
    ("sentence", "source"),
    [
        ("Food can be returned except shoes.", "| ★ | ☆ |\n|---|---|\n| ★ | ☆ |"),
        ("un" * 1200 + "sealed food", RETURNS),
        ("We pay" + " " * 10_000 + "you.", RETURNS),
        ("a." * 10_000, RETURNS),
        ("", ""),
        ("?!", "…"),
    ],
)
def test_odd_text_is_judged_in_bounded_time(sentence: str, source: str) -> None:
    began = time.process_time()
    assert judge(sentence, sources(source)).verdict is not Verdict.KEEP
    assert time.process_time() - began < 5  # seconds; it grows with the length, not its square
