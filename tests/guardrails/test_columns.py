"""Sentences about one row of a table."""

from __future__ import annotations

import pytest

from supportbot.guardrails.check import judge
from supportbot.guardrails.types import Source, SourceKind, Verdict

RATES = """| Service | Where | Charge | Free from | Time |
|---|---|---|---|---|
| Standard | Northern Ireland | £6.95 | £75 | 3 to 5 working days |
| Express | UK mainland | £8.95 | £120 | next working day |"""
LOANS = """| Topic | Starter loan | Home loan |
|---|---|---|
| Early repayment | free | fee of 1% |
| Proof of income | not required | required |"""
PARTS = """| Part | Fits | Price | Fit yourself |
|---|---|---|---|
| Water tank | Ingle One | £24.00 | yes |
| Control board | Ingle One | £72.00 | no |
| Boiler | Ingle One | £95.00 | ✗ |
| Callout | any | £0 | – |"""
COURSES = """| Course | Hours | Price |
|---|---|---|
| Confident | 10 | £390 |
| Complete | 30 | £990 |"""


def reasons(sentence: str, table: str) -> set[str]:
    found = judge(sentence, [Source(0, SourceKind.PASSAGE, "Delivery", table)])
    return set() if found.verdict is Verdict.KEEP else {one.reason for one in found.findings}


@pytest.mark.parametrize(
    ("sentence", "table"),
    [
        ("Standard delivery to Northern Ireland costs £6.95 and is free from £75.", RATES),
        ("Delivery to Northern Ireland takes 3 to 5 working days.", RATES),
        ("The water tank for the Ingle One costs £24.00, and you can fit it yourself.", PARTS),
        ("A callout costs £0.", PARTS),
        ("With the Confident course you get 10 hours for £390.", COURSES),
        ("Early repayment of the Starter loan is free.", LOANS),
    ],
)
def test_what_one_row_says_passes(sentence: str, table: str) -> None:
    assert reasons(sentence, table) == set()


@pytest.mark.parametrize(
    ("reason", "sentence", "table"),
    [
        ("number_of_other_column", "Delivery to Northern Ireland costs £75.", RATES),
        ("said_of_other_row", "Express delivery costs £6.95.", RATES),
        ("said_of_other_column", "Early repayment of the Home loan is free.", LOANS),
        ("denied_by_source", "You can fit the control board yourself.", PARTS),
        ("denied_by_source", "You can fit the boiler yourself.", PARTS),
        ("number_not_in_source", "With the Confident course you get 30 hours.", COURSES),
    ],
)
def test_what_stands_elsewhere_in_the_table_is_found(
    reason: str, sentence: str, table: str
) -> None:
    assert reason in reasons(sentence, table)
