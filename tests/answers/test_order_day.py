"""The day of the order decides which rules apply."""

from __future__ import annotations

import datetime as dt

import pytest

from supportbot.answers.order_day import day_of_order

TODAY = dt.date(2026, 11, 28)


@pytest.mark.parametrize(
    ("question", "day"),
    [
        ("I ordered on 27 Feb 2026 but it arrived on 3 March", dt.date(2026, 2, 27)),
        ("bought in December 2025, what was the fee?", dt.date(2025, 12, 1)),
        ("ordered in january 2026 how long to return", dt.date(2026, 1, 1)),
        ("My order was placed on March 3rd", dt.date(2026, 3, 3)),
        ("I purchased it 2026-02-27", dt.date(2026, 2, 27)),
        ("bought on 24 December", dt.date(2025, 12, 24)),
    ],
)
def test_a_day_of_the_order_is_read(question: str, day: dt.date) -> None:
    assert day_of_order(question, TODAY) == day


@pytest.mark.parametrize(
    "question",
    [
        "How long do I have?",
        "Are you open on 24 December?",
        "I will have ordered by 24 December 2027",
        "ordered on 31 February 2026",
        "may I return what I bought",
    ],
)
def test_what_names_no_past_day_of_an_order_has_none(question: str) -> None:
    assert day_of_order(question, TODAY) is None
