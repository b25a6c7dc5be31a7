"""Each hard fact is a veto, and the same fact in other words is none."""

from __future__ import annotations

import pytest

from supportbot.guardrails.facts import conflicts

FOOD = "Opened food cannot be returned; sealed food can be returned within 14 days."


def reasons(sentence: str, source: str, context: str = "") -> set[str]:
    return {finding.reason for finding in conflicts(sentence, source, context)}


@pytest.mark.parametrize(
    ("reason", "sentence", "source"),
    [
        ("denied_by_source", "Opened food can be returned.", FOOD),
        ("denied_by_source", "Opened food can be returned within 14 days.", FOOD),
        ("denied_by_source", "Sealed food cannot be returned.", FOOD),
        ("denied_by_source", "We accept worn shoes.", "We do not accept worn shoes."),
        ("denied_by_source", "Unopened tins are excluded.", "Unopened tins are included."),
        ("denied_by_source", "You need no receipt.", "You need a receipt."),
        ("number_not_in_source", "Sealed food can be returned within 30 days.", FOOD),
        ("unit_not_in_source", "Sealed food can be returned within 14 years.", FOOD),
        ("unit_not_in_source", "Delivery takes 3 working days.", "Delivery takes 3 days."),
        ("number_not_in_source", "A label costs £4.95.", "A label costs £3.95."),
        ("limit_differs", "Orders under £50 ship free.", "Orders over £50 ship free."),
        ("limit_differs", "Send it at least 14 days later.", "Send it at most 14 days later."),
        ("limit_differs", "It applies before 1 March.", "It applies after 1 March."),
        (
            "number_of_something_else",
            "Delivery to Spain costs £12.95.",
            "Delivery to Spain costs £9.95 and to Portugal £12.95.",
        ),
        (
            "counted_from_something_else",
            "Return it within 30 days of the order.",
            "Return it within 30 days of delivery.",
        ),
        ("name_not_in_source", "The repair of an X200 is free.", "The repair of an X100 is free."),
        ("name_not_in_source", "We deliver to Malta.", "We deliver to Italy."),
        ("modality_differs", "You must return it in its box.", "You can return it in its box."),
        ("modality_differs", "We refuse such orders.", "We may refuse such orders."),
        ("modality_differs", "You need not show it.", "You must not show it."),
        ("modality_differs", "You must descale it.", "You should descale it."),
        ("actor_differs", "You pay the return postage.", "We pay the return postage."),
        ("actor_differs", "The seller pays the postage.", "The buyer pays the postage."),
        ("actor_differs", "The label is sent by the seller.", "The label is sent by the courier."),
        ("actor_not_in_source", "The bank asks for £5.", "We ask for £5."),
        ("only_dropped", "Food is accepted with both.", "Food is accepted only with Express."),
        ("all_not_in_source", "You can change it to any country.", "You can change the country."),
        (
            "exception_inverted",
            "Lessons take place only when the lifts are closed.",
            "Lessons take place, except when the lifts are closed.",
        ),
        ("denied_by_source", "Put the hopper into water.", "Wash it and never put it into water."),
        ("condition_dropped", "Express is free.", "Express is free on orders over £40."),
        ("condition_dropped", "You get Express free.", "Gold members get Express free."),
        ("only_not_in_source", "Only members get a discount.", "Members get a discount."),
        ("all_not_in_source", "All returns are free.", "Returns are free."),
        (
            "condition_dropped",
            "We refund the postage.",
            "If the parcel was damaged, we refund the postage.",
        ),
        (
            "exception_dropped",
            "Items can be returned.",
            "Items can be returned, except underwear.",
        ),
        (
            "exception_inverted",
            "Underwear can be returned.",
            "All items can be returned except underwear.",
        ),
        (
            "denied_by_source",
            "Returns are free if the item is damaged.",
            "Returns are free unless the item is damaged.",
        ),
        (
            "condition_denied",
            "The deposit is returned even if the tool is dirty.",
            "The deposit is returned once the tool is clean and not dirty.",
        ),
        (
            "said_of_something_else",
            "Freelancers get a fixed quote.",
            "Private clients get a fixed quote; freelancers are billed by the hour.",
        ),
        (
            "denied_by_source",
            "The offer starts on Monday.",
            "The offer ends on Monday.",
        ),
        ("denied_by_source", "Offene Ware geht.", "Offene Ware geht nicht."),
        ("denied_by_source", "Il est possible de fumer.", "Il n'est pas possible de fumer."),
    ],
)  # fmt: skip
def test_a_fact_that_the_source_does_not_bear_out_is_found(
    reason: str, sentence: str, source: str
) -> None:
    found = reasons(sentence, source)
    assert found, "nothing was found"
    assert reason in found


@pytest.mark.parametrize(
    ("sentence", "source"),
    [
        ("Opened food cannot be returned.", FOOD),
        ("Opened food can't be returned.", FOOD),
        ("Sealed food can be returned within two weeks.", FOOD),
        ("You can return sealed food within fourteen days.", FOOD),
        ("Unopened food can be returned within 14 days.", FOOD),
        ("We do not accept worn shoes.", "We refuse worn shoes."),
        ("Worn shoes are not included.", "Worn shoes are excluded."),
        ("Returns are not free if the item is damaged.", "Returns are free unless it is damaged."),
        ("Delivery to Spain costs £9.95.", "Delivery to Spain costs £9.95 and to Italy £12.95."),
        ("You get a label by email.", "We send you a label by email."),
        ("The customer pays the postage.", "Postage is paid by you."),
        ("You have 14 days.", "Returns are accepted within 14 days."),
        ("Orders of £50 or more ship free.", "Orders over £50 ship free."),
        ("Underwear cannot be returned.", "All items can be returned except underwear."),
        ("You may cancel up to 3 days before.", "You can cancel at least 3 days in advance."),
        ("Keep the receipt.", "You must keep the receipt."),
        ("It is not sent until you have paid.", "It is sent after you have paid."),
        ("Nobody is charged a fee.", "No one is charged a fee."),
    ],
)
def test_the_same_fact_in_other_words_passes(sentence: str, source: str) -> None:
    assert reasons(sentence, source) == set()


def test_names_and_numbers_may_stand_in_the_heading() -> None:
    source = "Descaling takes 20 minutes."
    assert reasons("Descaling the Ingle One takes 20 minutes.", source) == {"name_not_in_source"}
    assert reasons("Descaling the Ingle One takes 20 minutes.", source, "Ingle One › Care") == set()


def test_a_finding_points_at_the_words_that_decided() -> None:
    (finding,) = conflicts("A label costs £4.95.", "A label costs £3.95.")
    assert finding.span is not None
    assert "A label costs £4.95."[slice(*finding.span)] == "£4.95"
    (finding,) = conflicts("You pay the postage.", "We pay the postage.")
    assert finding.source_words == "We pay the postage"
