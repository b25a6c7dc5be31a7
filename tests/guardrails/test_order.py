"""Two acts that are told in another order than in the source."""

from __future__ import annotations

import pytest

from supportbot.guardrails.order import conflicts, relations
from supportbot.guardrails.statements import statement_of

CHECKED = "We order the bike after we have checked the certificate."


def differs(sentence: str, source: str) -> bool:
    return any(conflicts(statement_of(sentence), list(relations(statement_of(source)))))


@pytest.mark.parametrize(
    "sentence",
    [
        "We order the bike, and then check the certificate.",
        "We order the bike before we check the certificate.",
        "Once we have ordered the bike, we check the certificate.",
        "We order the bike first and check the certificate afterwards.",
    ],
)
def test_what_is_turned_round_is_found(sentence: str) -> None:
    assert differs(sentence, CHECKED)


@pytest.mark.parametrize(
    ("sentence", "source"),
    [
        ("We check the certificate, and then order the bike.", CHECKED),
        ("Once we have checked the certificate, we order the bike.", CHECKED),
        ("We do not order the bike until we have checked the certificate.", CHECKED),
        ("The bike fee is due once a year after the order.", "The bike fee is due once a year."),
        (
            "You can ask for a refund until midnight on the day after delivery.",
            "After delivery you can ask for a refund until midnight on the next day.",
        ),
    ],
)
def test_the_same_order_in_other_words_passes(sentence: str, source: str) -> None:
    assert not differs(sentence, source)


def test_up_to_a_day_is_before_it() -> None:
    source = "Up to the basted fitting you can change the lapel and the pockets."
    assert differs("After the basted fitting you can change the lapel and the pockets.", source)


def test_a_sentence_that_orders_nothing_has_no_relation() -> None:
    assert list(relations(statement_of("Most items can be returned within 45 days."))) == []
