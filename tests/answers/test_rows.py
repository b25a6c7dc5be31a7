"""Table rows are said as a person would say them."""

from __future__ import annotations

import pytest

from knowledge.text.units import Form, Unit, units_of
from supportbot.answers.rows import say_row, subject_of

RETURNS = """| What you bought | How long you have | Counted from |
|---|---|---|
| Most items, opened or not | 45 days | the day of delivery |"""
SHIPPING = """| Service | Where | Charge | Free from | Time |
|---|---|---|---|---|
| Express | UK mainland | £6.95 | see below | next working day |"""
RATES = """| Country | Service | Up to 2 kg | 2 to 5 kg | 5 to 15 kg | Free from |
|---|---|---|---|---|---|
| Spain | Standard | £12.95 | £16.95 | £26.95 | £150 |"""
KETTLES = """| | Heron 0.9 | Heron 1.2 |
|---|---|---|
| Citric acid powder | 15 g | 20 g |"""


NEXT_DAY = """| Method | UK mainland | Northern Ireland, Isle of Man | Republic of Ireland | Slot |
|---|---|---|---|---|
| Next day | £7.99, order by 8pm | Not offered | €11.99, order by 3pm | morning |"""


def row(table: str) -> Unit:
    (unit,) = [unit for unit in units_of(table) if unit.form is Form.ROW]
    return unit


def test_a_short_row_is_said_whole() -> None:
    said = say_row(row(RETURNS), "How many days do I have to return an item?")
    assert said.text == "Most items, opened or not: 45 days, counted from the day of delivery."
    assert said.cells == ("Most items, opened or not", "45 days", "the day of delivery")


def test_an_amount_is_enough_for_how_much() -> None:
    said = say_row(row(SHIPPING), "How much is express shipping?")
    assert said.text.startswith("Express, UK mainland: ")
    assert "£6.95" in said.text
    assert "see below" not in said.text
    assert "|" not in said.text


def test_the_column_whose_range_holds_the_weight_is_read_out() -> None:
    said = say_row(row(RATES), "shipping to spain for a parcel of 4 kg")
    assert "£16.95" in said.text
    assert "£12.95" not in said.text
    assert "£26.95" not in said.text
    assert "£16.95" in said.cells


@pytest.mark.parametrize(
    ("question", "held", "not_held"),
    [("for the heron 0.9", "15 g", "20 g"), ("for the Heron 1.2", "20 g", "15 g")],
)
def test_of_two_products_the_one_asked_for_is_said(question: str, held: str, not_held: str) -> None:
    said = say_row(row(KETTLES), f"How much citric acid {question}")
    assert held in said.text
    assert not_held not in said.text


def test_a_row_without_heads_is_said_too() -> None:
    (unit,) = units_of("| Quillhaven | 4 Millrace Lane | 9 am to 6 pm |")
    assert say_row(unit, "when do you open").text == "Quillhaven, 4 Millrace Lane: 9 am to 6 pm."


def test_where_is_answered_by_name_and_address() -> None:
    (unit,) = units_of(
        "| Store | Address | Open |\n|---|---|---|\n| Marl | 27 Weaver Street | 9 am |"
    )
    assert say_row(unit, "where are your stores").text == "Marl, 27 Weaver Street."


def test_an_amount_in_a_note_calls_for_no_column_heading() -> None:
    said = say_row(
        row(
            """| Rule | Amount or time | Note |
|---|---|---|
| Silver members, Express | £3.95 | UK mainland only, instead of £6.95 |"""
        ),
        "How much is express shipping?",
    )
    assert said.text == "Silver members, Express: £3.95, UK mainland only, instead of £6.95."


def test_the_subject_of_a_row_is_what_stands_before_its_first_value() -> None:
    assert subject_of(row(SHIPPING)) == "Express UK mainland"


def test_a_price_is_not_the_amount_from_which_it_is_free() -> None:
    table = RATES.replace("Free from", "Free delivery from")
    assert "£12.95" in say_row(row(table), "how much is delivery to spain").text
    assert "£150" in say_row(row(table), "from when is delivery to spain free").text


def test_of_columns_for_places_the_one_asked_for_is_said() -> None:
    said = say_row(row(NEXT_DAY), "what is next day delivery in ireland")
    assert said.text == "Next day: €11.99, order by 3pm, slot: morning."
    everywhere = say_row(row(NEXT_DAY), "what is next day delivery").text
    assert "£7.99" in everywhere
    assert "€11.99" in everywhere
