"""Which row of a table is for the amount that is asked about."""

from __future__ import annotations

import pytest

from knowledge.text.units import units_of
from supportbot.answers.narrower import is_of_amount
from supportbot.answers.ranges import amounts_in, is_in_range


@pytest.mark.parametrize(
    ("cell", "question", "expected"),
    [
        ("95.0% to below 99.0%", "what do we get if uptime was 98.5", True),
        ("99.0% to below 99.5%", "what do we get if uptime was 98.5", False),
        ("below 95.0%", "uptime was 94%", True),
        ("£600.01–£1,000 / €700.01–€1,150", "excess on a £700 phone", True),
        ("£600.01–£1,000 / €700.01–€1,150", "excess on a €690 phone", False),
        ("Over £1,000", "a phone of £1,200", True),
        ("Up to £250", "a phone of £1,200", False),
        ("10 or more", "we need 25 pieces", True),
        ("Up to 2 kg", "a parcel of 1.5 kg", True),
        ("Up to 2 kg", "a parcel for £20", None),  # another unit
        ("10 to 49 seats", "I ordered on 15 October 2026", None),  # a date
        ("Most items", "a parcel of 2 kg", None),
    ],
)
def test_a_range_holds_an_amount_of_its_unit(
    cell: str, question: str, expected: bool | None
) -> None:
    assert is_in_range(cell, amounts_in(question)) is expected


FEES = """| Treatment | Animal | Price |
|---|---|---|
| Castration | Dog under 10 kg | £235 |
| Castration | Dog 10 to 25 kg | £275 |
| Castration | Dog over 25 kg | £330 |"""
LOANS = """| Length | Minimum |
|---|---|
| 12 months | £500 |
| 24 months | £1,200 |"""
REFUNDS = """| Paid with | Refund |
|---|---|
| Card | nothing was charged; the reservation lapses within 7 days |"""


@pytest.mark.parametrize(
    ("table", "question", "expected"),
    [
        (FEES, "price to castrate a 30kg dog", [False, False, True]),
        (FEES, "price to castrate a dog", [None, None, None]),
        (LOANS, "minimum spend for 2 years interest free", [False, True]),
        (REFUNDS, "when do I get my money back, 5 days?", [None]),
    ],
)
def test_the_row_of_the_amount_is_known(
    table: str, question: str, expected: list[bool | None]
) -> None:
    assert [is_of_amount(unit, question) for unit in units_of(table)] == expected
