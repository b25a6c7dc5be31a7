"""Numbers are read with their units, in words too, and in one normal form."""

from __future__ import annotations

import pytest

from knowledge.text.limits import limit_of, limits_agree
from knowledge.text.quantities import Quantity, quantities_in


def one(text: str) -> Quantity:
    (found,) = quantities_in(text)
    return found


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("14 days", "fourteen days"),
        ("14 days", "two weeks"),
        ("14 days", "a fortnight: 1 fortnight"),
        ("24 hours", "one day"),
        ("12 months", "one year"),
        ("£1,000.00", "1000 pounds"),
        ("£3.950", "3,95 pounds"),
        ("25%", "25 per cent"),
        ("twenty-one days", "21 days"),
        ("two hundred miles", "200 miles"),
        ("3 pm", "15:00"),
        ("8 in the morning", "8 a.m."),
        ("1 March 2026", "2026-03-01"),
        ("March 1st", "1 March 2026"),
        ("1.5 kg", "1500 g"),
        ("14 Tage", "zwei Wochen"),
        ("quatorze jours", "14 jours"),
    ],
)
def test_the_same_quantity_is_written_in_many_ways(first: str, second: str) -> None:
    assert one(first).equals(list(quantities_in(second))[-1])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("14 days", "14 years"),
        ("14 days", "14 working days"),
        ("30 days", "1 month"),
        ("£4", "€4"),
        ("1 March", "2 March"),
        ("1 March 2026", "1 March 2025"),
        ("8 am", "8 pm"),
        ("5%", "5 euros"),
        ("10.5 kg", "105 kg"),
        ("Monday", "Tuesday"),
    ],
)
def test_another_unit_or_number_is_another_quantity(first: str, second: str) -> None:
    assert not one(first).equals(one(second))


def test_a_range_has_two_numbers() -> None:
    assert [q.value for q in quantities_in("It takes 3 to 5 days.")] == [(3.0,), (5.0,)]
    assert [q.value for q in quantities_in("£5–£10")] == [(5.0,), (10.0,)]


@pytest.mark.parametrize("text", ["one of these", "A-17", "model X200", "this one", "version 2a"])
def test_what_counts_nothing_is_no_number(text: str) -> None:
    assert list(quantities_in(text)) == []


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("up to 14 days", "most"),
        ("no more than 14 days", "most"),
        ("14 days or less", "most"),
        ("at least 14 days", "least"),
        ("not less than 14 days", "least"),
        ("14 days or more", "least"),
        ("orders over £50", "least"),
        ("from 1 March", "least"),
        ("before 1 March", "most"),
        ("after 1 March", "least"),
        ("within 14 days", "within"),
        ("about 14 days", "about"),
        ("14 days", ""),
        ("up to 3 days before the concert", "least"),
        ("mindestens 14 Tage", "least"),
        ("jusqu'à 14 jours", "most"),
    ],
)
def test_words_around_a_number_make_it_a_limit(text: str, limit: str) -> None:
    assert limit_of(one(text), text) == limit


def test_an_upper_limit_is_no_lower_one_and_a_deadline_may_lose_its_preposition() -> None:
    assert not limits_agree("most", "least")
    assert not limits_agree("", "least")
    assert limits_agree("", "within")
    assert limits_agree("most", "within")
