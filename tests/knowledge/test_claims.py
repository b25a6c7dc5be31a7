"""knowledge.claims: two passages disagree only where nothing but the number differs."""

from __future__ import annotations

import pytest

from knowledge.claims import claims_of, contradictions
from knowledge.repeats import similarity
from knowledge.text.limits import measures_in


@pytest.mark.parametrize(
    ("sentence", "unit", "low", "high", "limit"),
    [
        ("Return it within 30 days.", "duration", 30, 30, "most"),
        ("Return it within thirty days.", "duration", 30, 30, "most"),
        ("It takes two weeks.", "duration", 14, 14, ""),
        ("It takes 3 to 5 working days.", "working day", 3, 5, ""),
        ("It takes 3–5 business days.", "working day", 3, 5, ""),
        ("The 14-day period is over.", "duration", 14, 14, ""),
        ("The parcel costs £3.95.", "£", 3.95, 3.95, ""),
        ("A fee of € 1,250.50 is due.", "€", 1250.5, 1250.5, ""),
        ("It costs 20 euros.", "€", 20, 20, ""),
        ("Orders above £60 ship free.", "£", 60, 60, "least"),
        ("Orders of £60 or more ship free.", "£", 60, 60, "least"),
        ("At least 12 characters.", "characters", 12, 12, "least"),
        ("Up to 2.5 kg in a parcel.", "mass", 2500, 2500, "most"),
        ("A fee of 15% is deducted.", "%", 15, 15, ""),
        ("A fee of 15 per cent is deducted.", "%", 15, 15, ""),
        ("Heat it to 93 °C.", "°C", 93, 93, ""),
        ("It works for 15 minutes.", "duration", 15 / 1440, 15 / 1440, ""),
        ("Not more than 5 attempts.", "attempts", 5, 5, "most"),
    ],
)
def test_a_number_is_read_with_its_unit_and_limit(
    sentence: str, unit: str, low: float, high: float, limit: str
) -> None:
    (found,) = measures_in(sentence)
    assert (found.unit, found.limit) == (unit, limit)
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.written in sentence
    assert not set("0123456789") & set(found.rest)


@pytest.mark.parametrize(
    "sentence",
    [
        "Call 0800 555 000.",
        "Version 3.11 is here.",
        "E04 means heat.",
        "On 1 March 2026.",
    ],
)
def test_a_number_without_a_unit_is_none(sentence: str) -> None:
    assert list(measures_in(sentence)) == []


def disagree(
    first: str,
    second: str,
    titles: tuple[str, str] = ("Returns policy", "Returns policy"),
    headings: tuple[list[str], list[str]] = ([], []),
) -> list[tuple[str, str]]:
    """The numbers that two passages give for the same thing."""
    one = claims_of(first, title=titles[0], heading=headings[0])
    other = claims_of(second, title=titles[1], heading=headings[1])
    found = [(a.written, b.written) for a, b in contradictions(one, other)]
    assert found == [(a.written, b.written) for b, a in contradictions(other, one)]
    return found


WITHIN_30 = "You can return unopened goods within 30 days of delivery."


@pytest.mark.parametrize(
    ("first", "second", "numbers"),
    [
        (WITHIN_30, WITHIN_30.replace("30", "14"), ("30 days", "14 days")),
        (WITHIN_30, "Unopened goods may be returned up to two weeks after delivery.", None),
        (
            "We issue the refund within 7 days of the parcel reaching our warehouse.",
            "Refunds are issued within 10 days after the parcel has reached our warehouse.",
            ("7 days", "10 days"),
        ),
        (
            "Orders above £60 ship free within the United Kingdom.",
            "Within the United Kingdom, orders over £50 ship free.",
            ("£60", "£50"),
        ),
        (
            "- The warranty of a grinder is 24 months.",
            "Some words. Grinders have a warranty of 36 months.",
            ("24 months", "36 months"),
        ),
        (
            "| What | Time |\n| --- | --- |\n| Unopened goods | 30 days |",
            "| What | Time |\n| --- | --- |\n| Opened | 9 days |\n| Unopened goods | 14 days |",
            ("30 days", "14 days"),
        ),
    ],
)
def test_two_numbers_for_the_same_thing_are_a_contradiction(
    first: str, second: str, numbers: tuple[str, str] | None
) -> None:
    assert disagree(first, second) == [numbers or ("30 days", "two weeks")]


@pytest.mark.parametrize(
    ("why", "first", "second"),
    [
        ("the same", WITHIN_30, WITHIN_30),
        ("the same in weeks", "It is sent in 14 days.", "It is sent in two weeks."),
        ("within the range", "Delivery usually takes 3 to 5 days.", "Delivery takes 4 days."),
        ("another unit", "The parcel takes 5 days.", "The parcel takes 7 working days."),
        ("the same in minutes", "The pump cools for 1 hour.", "The pump cools for 60 minutes."),
        ("another limit", "Free parcels over £60.", "Free parcels under £20."),
        (
            "other goods",
            WITHIN_30,
            "You can return opened goods within 14 days of delivery.",
        ),
        ("an exception", WITHIN_30, "You can return unopened food within 2 days of delivery."),
        (
            "another level",
            "Silver members get free delivery on orders above £20.",
            "Gold members get free delivery on orders above £10.",
        ),
        ("a negation", "Parcels over 5 kg are sent.", "Parcels over 9 kg are not sent."),
        ("too little is said", "Within 30 days.", "Within 14 days."),
        ("something named elsewhere", "It takes 30 days to arrive.", "It takes 14 days to arrive."),
        (
            "several sizes in one passage",
            "| Coffee | Bag |\n| --- | --- |\n| Night Ferry | 250 g |\n| Night Ferry | 500 g |",
            "| Coffee | Bag |\n| --- | --- |\n| Night Ferry | 1,000 g |",
        ),
        (
            "another row of a table",
            "| Country | Price |\n| --- | --- |\n| Ireland | £9.90 |",
            "| Country | Price |\n| --- | --- |\n| France | £12.40 |",
        ),
        (
            "another column of a table",
            "| Country | Standard |\n| --- | --- |\n| Ireland | £9.90 |",
            "| Country | Express |\n| --- | --- |\n| Ireland | £12.40 |",
        ),
        (
            "another list",
            "Silver members get:\n\n- free delivery above £20",
            "Gold members get:\n\n- free delivery above £10",
        ),
    ],
)
def test_what_may_both_be_true_is_none(why: str, first: str, second: str) -> None:
    assert disagree(first, second) == []


TANK = ("The water tank holds 1.4 litres.", "The water tank holds 2.2 litres.")


def test_documents_about_two_things_do_not_contradict_each_other() -> None:
    assert disagree(*TANK, titles=("Ingle One: manual", "Ingle Duo: manual")) == []
    assert disagree(*TANK, titles=("Ingle One: manual", "Ingle One: FAQ")) != []
    assert disagree(*TANK, titles=("Prices 2025", "Prices 2026")) != []


def test_headings_about_two_things_do_not_contradict_each_other() -> None:
    assert disagree(*TANK, headings=(["Ingle One"], ["Ingle Duo"])) == []
    assert disagree(*TANK, headings=(["Ingle One"], [])) != []
    assert disagree(*TANK, headings=(["Overview"], ["Summary"])) != []
    inside = tuple(f"## {name}\n\n{text}" for name, text in zip(("One", "Duo"), TANK, strict=True))
    assert disagree(inside[0].replace("One", "Uno"), inside[1]) == []


LONG = (
    "Opened coffee beans cannot be returned for hygiene reasons. Gift cards, engraved tampers and "
    "brushes cannot be returned either, unless they were faulty when they reached you."
)


def test_how_far_a_text_repeats_another_is_measured() -> None:
    assert similarity(LONG, LONG) == 1
    assert similarity(LONG, f"**{LONG}**\n\nhttps://shop.example/returns/2026") == 1
    changed = similarity(LONG, LONG.replace("faulty when", "already broken when"))
    assert 0.5 < changed < 0.9
    assert similarity(LONG, "Orders above sixty pounds ship free to every place in Ireland.") == 0


def test_texts_with_other_numbers_or_codes_do_not_repeat_each_other() -> None:
    assert similarity(f"{LONG} Within 14 days.", f"{LONG} Within 30 days.") == 0
    assert similarity(f"{LONG} Part TW-P1010.", f"{LONG} Part TW-P2010.") == 0
    assert similarity(f"{LONG} Within 14 days.", f"{LONG} Within 14 days.") == 1


def test_the_header_of_a_table_is_no_repeat() -> None:
    header = f"| {' | '.join(LONG.split())} |\n{'| --- ' * len(LONG.split())}|\n"
    first = "| one apple and a pear for you and me on every sunny day of may |"
    second = "| two plums or some figs to them but nobody else in any winter week |"
    assert similarity(header + first, header + first) == 1
    assert similarity(header + first, header + second) == 0


def test_short_texts_are_alike_by_chance() -> None:
    assert similarity("See the terms for business customers.", "See the terms for business.") == 0
