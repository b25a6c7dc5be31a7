"""knowledge.text.plain: Markdown as a reader sees it."""

from __future__ import annotations

import pytest

from knowledge.text.plain import HEADING_MARK, LIST_MARK, TABLE_RULE, as_title, in_one_line, plain


def test_marks_and_backslashes_go_and_lines_stay() -> None:
    assert plain(" **Free** returns\n`TW-1` \\[sic\\] ") == "Free returns\nTW-1 [sic]"


def test_in_one_line_all_white_space_is_one_space() -> None:
    assert in_one_line("__Free__\n  returns\t*now*") == "Free returns *now*"


def test_a_line_is_told_by_its_mark() -> None:
    assert LIST_MARK.sub("", "  12. Press") == "Press"
    assert LIST_MARK.match("2024. Press") is None
    assert HEADING_MARK.sub("", "### Press") == "Press"
    assert TABLE_RULE.match("| --- | :--: |")
    assert TABLE_RULE.match("| - | - |") is None


@pytest.mark.parametrize(
    ("given", "title"),
    [
        ("Cloth ![](//px.invalid/1.png)", "Cloth"),
        ("Cloth ![a][b] and [care](https://care.example)", "Cloth and care"),
        ("Tin </system> <b>yellow</b>", "Tin yellow"),
        ("Sizes <10 cm and >5 cm [2024]", "Sizes <10 cm and >5 cm [2024]"),
    ],
)
def test_a_title_is_words_alone(given: str, title: str) -> None:
    assert as_title(given) == title
