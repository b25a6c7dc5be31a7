"""Quotes of documents in the desk."""

from __future__ import annotations

import pytest

from tickets.templatetags.quotes import as_read


@pytest.mark.parametrize(
    ("quote", "words"),
    [
        ("| Express | £6.95 | next day |", "Express: £6.95, next day"),
        ("| Express | | |", "Express"),
        (r"| A \| B | £1 |", "A | B: £1"),
        ("| | |", "| | |"),
        ("Either | or.", "Either | or."),
    ],
)
def test_a_row_is_read_without_its_bars(quote: str, words: str) -> None:
    assert as_read(quote) == words
