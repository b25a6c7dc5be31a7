"""Single-fact corruptions: each kind changes what it says, and only where the result is false."""

from __future__ import annotations

import difflib

import pytest

from supportbot.evaluation.corruptions import Corruption, Kind, corruptions_of, names_of

DOCUMENT = (
    "We ship with Parcel Express from our store in Leeds. Customers in Dublin ask Harbour Mail. "
    "The office in Leeds closes early. All returns go to Dublin."
)


def made(sentence: str, kind: Kind, document: str = DOCUMENT) -> Corruption | None:
    found = [one for one in corruptions_of(sentence, document, "1") if one.kind is kind]
    assert len(found) <= 1
    return found[0] if found else None


def text_of(sentence: str, kind: Kind) -> str:
    one = made(sentence, kind)
    assert one is not None, f"no {kind}"
    return one.text


# -- what each kind does ------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "sentence", "expected"),
    [
        (Kind.NEGATION, "The battery is covered by the warranty.", "The battery is not covered"),
        (Kind.NEGATION, "Opened food cannot be returned to us.", "Opened food can be returned"),
        (Kind.NEGATION, "Gift cards are not refunded in cash.", "Gift cards are refunded in cash"),
        (Kind.MODALITY, "You must keep the receipt of your order.", "You need not keep"),
        (Kind.COMPARISON, "Orders need at least 20 items to qualify.", "Orders need at most 20"),
        (Kind.COMPARISON, "Cancel before the course begins at noon.", "Cancel after the course"),
        (Kind.QUANTIFIER, "All returns are checked by our staff.", "No returns are checked"),
        (Kind.QUANTIFIER, "Some returns are checked by our staff.", "All returns are checked"),
        (Kind.EXCEPTION, "We ship everywhere except to islands.", "We ship everywhere including"),
        (Kind.EXCEPTION, "Fees are due unless you cancel early.", "Fees are due if you cancel"),
        (
            Kind.CONDITION,
            "If the seal is broken, we charge a cleaning fee.",
            "We charge a cleaning fee.",
        ),
        (Kind.CONDITION, "Refunds take longer if the bank is abroad.", "Refunds take longer."),
        (Kind.ACTOR, "The seller pays for the return parcel.", "The buyer pays for the return"),
        (Kind.ACTOR, "You must pay the import duties.", "We must pay the import duties."),
    ],
)
def test_a_kind_changes_its_fact(kind: Kind, sentence: str, expected: str) -> None:
    assert text_of(sentence, kind).startswith(expected)


def test_a_number_becomes_another() -> None:
    one = made("A set has 12 cups in two colours.", Kind.NUMBER)
    assert one is not None
    assert one.was in {"12", "two"}
    assert one.becomes != one.was


def test_money_keeps_its_currency() -> None:
    one = made("The return parcel costs £3.95 for each order.", Kind.MONEY)
    assert one is not None
    assert f"costs £{one.becomes} for" in one.text
    assert float(one.becomes) != 3.95


def test_a_unit_keeps_its_number() -> None:
    one = made("The warranty ends 24 months from the day of delivery.", Kind.UNIT)
    assert one is not None
    assert one.becomes in {"week", "day", "year"}
    assert f"24 {one.becomes}s" in one.text


def test_a_date_becomes_another() -> None:
    one = made("The shop is closed on 24 December and on Sundays.", Kind.DATE)
    assert one is not None
    assert one.text not in {"", "The shop is closed on 24 December and on Sundays."}


def test_a_name_becomes_another_name_of_the_document() -> None:
    one = made("Heavy parcels are sent with Parcel Express on Mondays.", Kind.ENTITY)
    assert one is not None
    assert (one.was, one.becomes) == ("Parcel Express", "Harbour Mail")


def test_names_are_read_within_sentences_alone() -> None:
    assert names_of(DOCUMENT) == ["Parcel Express", "Leeds", "Dublin", "Harbour Mail"]


# -- where nothing is made ----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "sentence", "why"),
    [
        (Kind.NEGATION, "Some batteries are covered by the warranty.", "some may be, others not"),
        (Kind.NEGATION, "If the box is open, keep all of its parts.", "the condition alone"),
        (Kind.QUANTIFIER, "Not all returns are checked by our staff.", "“not no” is no contrary"),
        (Kind.CONDITION, "Remove the tray if necessary and rinse it.", "nothing depends on it"),
        (Kind.CONDITION, "If you spot a fault, report it to the shop.", "“it” has no meaning then"),
        (Kind.CONDITION, "Ask the courier if the parcel is insured.", "a question"),
        (Kind.NUMBER, "Fill in Form 1040 and send it to the office.", "the number is a name"),
        (Kind.NUMBER, "The code 401(k) stands for a savings plan.", "the number is a name"),
        (Kind.COMPARISON, "The director appeared before the court today.", "no order in time"),
    ],
)
def test_nothing_is_made_where_it_might_be_true(kind: Kind, sentence: str, why: str) -> None:
    assert made(sentence, kind) is None, why


@pytest.mark.parametrize("seed", range(20))
def test_a_bound_is_moved_to_the_side_that_is_not_implied(seed: int) -> None:
    """At least 14 follows from at least 28, and delivered within 10 from within 5."""
    for sentence, larger in (
        ("You have to order at least 14 cups for a discount.", True),
        ("The parcel arrives within 14 working days at home.", False),
        ("You can return the parcel within 14 working days.", True),
        ("A tank holds up to 14 cups of cold water.", True),
    ):
        found = [o for o in corruptions_of(sentence, "", str(seed)) if o.kind is Kind.NUMBER]
        assert [int(one.becomes) > 14 for one in found] == [larger]


def test_what_the_document_says_elsewhere_is_no_corruption() -> None:
    sentence = "The battery is covered by the warranty."
    elsewhere = "Of the old model: the battery is not covered by the warranty."
    assert made(sentence, Kind.NEGATION, "") is not None
    assert made(sentence, Kind.NEGATION, elsewhere) is None


def test_questions_and_fragments_are_left_alone() -> None:
    assert corruptions_of("Is the battery covered for 24 months?", DOCUMENT, "1") == []
    assert corruptions_of("Covered for 24 months.", DOCUMENT, "1") == []


# -- in general ---------------------------------------------------------------------------------
SENTENCES = [
    "If all parts are returned within 14 days, we refund at least £20 to Parcel Express.",
    "You must cancel before 24 December unless the seller agrees with Harbour Mail.",
]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_exactly_one_stretch_differs(sentence: str) -> None:
    for one in corruptions_of(sentence, DOCUMENT, "1"):
        if one.kind is Kind.CONDITION:
            continue
        matcher = difflib.SequenceMatcher(None, sentence.split(), one.text.split(), autojunk=False)
        assert len([code for code in matcher.get_opcodes() if code[0] != "equal"]) == 1, one


def test_the_same_seed_makes_the_same() -> None:
    for sentence in SENTENCES:
        first = corruptions_of(sentence, DOCUMENT, "1")
        assert first == corruptions_of(sentence, DOCUMENT, "1")
        assert len(first) >= 5
    assert any(
        corruptions_of(s, DOCUMENT, "1") != corruptions_of(s, DOCUMENT, "2") for s in SENTENCES
    )
