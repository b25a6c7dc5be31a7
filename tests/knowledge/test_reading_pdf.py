"""knowledge.reading.pdf: the order of reading, tables, headings and lists from places on a page."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.reading import ReadText, read_file
from knowledge.reading.pdf.bidi import in_reading_order
from knowledge.reading.pdf.letters import HYPHEN, Letter
from knowledge.reading.pdf.lines import join_lines, without_hyphens
from tests.knowledge.files import pdf, placed_pdf

Words = list[tuple[float, float, str]]
LONG = "This line of running text fills the column from side"
LINE = 14.0


def read(folder: Path, content: bytes) -> ReadText:
    path = folder / "a.pdf"
    path.write_bytes(content)
    return read_file(path, path.name)


def column(x: float, top: float, lines: list[str]) -> Words:
    return [(x, top - LINE * number, text) for number, text in enumerate(lines)]


def table(x: float, top: float, rows: list[list[str]], width: float = 100) -> Words:
    return [
        (x + width * place, top - 20 * number, text)
        for number, row in enumerate(rows)
        for place, text in enumerate(row)
        if text
    ]


def ruled(x: float, top: float, rows: int, columns: int) -> str:
    """Lines around cells of 100 by 20 points."""
    right, bottom = x + 100 * columns, top - 20 * rows
    lines = [f"{x} {top - 20 * n} m {right} {top - 20 * n} l S" for n in range(rows + 1)]
    lines += [f"{x + 100 * n} {top} m {x + 100 * n} {bottom} l S" for n in range(columns + 1)]
    return " ".join(lines)


ROWS = [["Zone", "Price", "Days"], ["Ireland", "9.90", "3"], ["France", "12.40", "5"]]
MARKDOWN = (
    "| Zone | Price | Days |\n| --- | --- | --- |\n| Ireland | 9.90 | 3 |\n| France | 12.40 | 5 |"
)


def test_columns_are_read_one_after_the_other(tmp_path: Path) -> None:
    left = column(50, 700, [f"{LONG} l{number}" for number in range(6)])
    right = column(310, 693, [f"{LONG} r{number}" for number in range(6)])
    # As some programs write them: line by line across both.
    words = [word for pair in zip(left, right, strict=True) for word in pair]
    markdown = read(tmp_path, placed_pdf([(50, 760, "A title over both columns"), *words])).markdown
    order = [markdown.index(f" {side}{number}") for side in "lr" for number in range(6)]
    assert order == sorted(order)
    assert markdown.startswith("A title over both columns")


@pytest.mark.parametrize("lines", ["", ruled(45, 714, 3, 3)])
def test_a_table_is_a_table_with_and_without_lines(lines: str, tmp_path: Path) -> None:
    before = column(50, 780, [f"{LONG} to side, and on.", "Prices:"])
    after = column(50, 600, [f"{LONG} to side, and on."])
    content = placed_pdf([*before, *table(50, 700, ROWS), *after], draws=lines)
    assert MARKDOWN in read(tmp_path, content).markdown.split("\n\n")


@pytest.mark.parametrize("rows", [(700, 680, 640), (692, 680, 656)])
def test_a_cell_of_two_lines_is_one_cell(rows: tuple[int, int, int], tmp_path: Path) -> None:
    # Whether rows stand further apart than lines or not.
    words = [word for row, y in zip(ROWS, rows, strict=True) for word in table(50, y, [row])]
    markdown = read(tmp_path, placed_pdf([*words, (150, 668, "each")])).markdown
    assert "| Ireland | 9.90 each | 3 |\n| France | 12.40 | 5 |" in markdown


def test_merged_cells_of_a_ruled_table_stand_in_every_row(tmp_path: Path) -> None:
    # Without the line between the two first cells of the lower rows.
    lines = " ".join(
        [
            "45 714 m 345 714 l S 45 694 m 345 694 l S 145 674 m 345 674 l S 45 654 m 345 654 l S",
            *(f"{x} 714 m {x} 654 l S" for x in (45, 145, 245, 345)),
        ]
    )
    rows = [["Zone", "Weight", "Price"], ["Europe", "1 kg", "9"], ["", "2 kg", "12"]]
    markdown = read(tmp_path, placed_pdf(table(50, 700, rows), draws=lines)).markdown
    assert "| Europe | 1 kg | 9 |\n| Europe | 2 kg | 12 |" in markdown


def test_a_frame_around_text_is_no_table(tmp_path: Path) -> None:
    lines = "40 600 400 150 re S 40 720 m 440 720 l S"
    markdown = read(tmp_path, placed_pdf(column(50, 700, [LONG, LONG]), draws=lines)).markdown
    assert "|" not in markdown


def test_a_table_that_goes_on_over_a_page_has_one_header(tmp_path: Path) -> None:
    # Both pages hold the same lines and words.
    content = pdf([[], []], draws=ruled(45, 714, 2, 2) + _shown(table(50, 700, ROWS[:2])))
    markdown = read(tmp_path, content).markdown
    assert markdown == "| Zone | Price |\n| --- | --- |\n| Ireland | 9.90 |\n| Ireland | 9.90 |"


def _shown(words: Words) -> str:
    parts = " ".join(f"1 0 0 1 {x} {y} Tm ({text}) Tj" for x, y, text in words if x < 250)
    return f" BT /F1 10 Tf {parts} ET"


@pytest.mark.parametrize(
    "label",
    ["\\267", "-", "o"],  # a bullet, and what people type instead
)
def test_lists_keep_their_items_and_levels(label: str, tmp_path: Path) -> None:
    words = [
        *((50, 700, label), (64, 700, "The first item is long and goes on")),
        (64, 686, "on a second line."),
        *((50, 672, label), (64, 672, "The second")),
        *((80, 658, label), (94, 658, "below it")),
        *((50, 644, "1."), (64, 644, "Numbered")),
    ]
    assert read(tmp_path, placed_pdf(words)).markdown == (
        "- The first item is long and goes on on a second line.\n- The second\n   - below it\n"
        "1. Numbered"
    )


def test_bullets_that_are_drawn_are_bullets(tmp_path: Path) -> None:
    dots = "50 702 4 4 re f 50 688 4 4 re f"
    words = [(64, 700, "One"), (64, 686, "Two")]
    assert read(tmp_path, placed_pdf(words, draws=dots)).markdown == "- One\n- Two"


def test_larger_letters_are_headings_by_their_size(tmp_path: Path) -> None:
    text = " ".join(f"1 0 0 1 50 {600 - 14 * n} Tm ({LONG}) Tj" for n in range(6))
    draws = (
        "BT /F1 20 Tf 1 0 0 1 50 700 Tm (Manual) Tj /F1 14 Tf 1 0 0 1 50 650 Tm (Cleaning) Tj "
        f"/F1 10 Tf {text} ET"
    )
    markdown = read(tmp_path, placed_pdf([], draws=draws)).markdown
    assert markdown.startswith("# Manual\n\n## Cleaning\n\nThis line")


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_page_that_is_turned_is_read_as_it_is_shown(turn: int, tmp_path: Path) -> None:
    matrix = {90: "0 1 -1 0 595 0", 180: "-1 0 0 -1 595 842", 270: "0 -1 1 0 0 842"}[turn]
    lines = "1 0 0 1 50 500 Tm (The first line.) Tj 1 0 0 1 50 486 Tm (The second line.) Tj"
    draws = f"q {matrix} cm BT /F1 10 Tf {lines} ET Q"
    assert (
        read(tmp_path, placed_pdf([], draws=draws)).markdown == "The first line. The second line."
    )


def test_a_page_without_a_text_layer_among_others_is_told(tmp_path: Path) -> None:
    pages = [["Text."], [], ["More."]]
    result = read(tmp_path, pdf(pages, draws="100 100 50 50 re f"))
    assert [(warning.code, warning.page) for warning in result.warnings] == [("needs_ocr", 2)]
    assert result.warnings[0].text.startswith("Page 2 was not read")
    assert len(result.page_starts) == 3


def test_a_broken_page_does_not_take_the_others_with_it(tmp_path: Path) -> None:
    # The second of three pages is a font.
    content = pdf([["First."], ["Second."], ["Third."]]).replace(b"6 0 R 8", b"3 0 R 8", 1)
    result = read(tmp_path, content)
    assert result.markdown == "First.\n\nThird."
    assert [(warning.code, warning.page) for warning in result.warnings] == [("page_damaged", 2)]


def test_a_blank_page_is_no_reason_to_warn(tmp_path: Path) -> None:
    assert read(tmp_path, pdf([["Text."], []])).warnings == []


# -- Words at the end of a line -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["the deliv-", "ery of parcels"], "the delivery of parcels"),
        (["a well-", "known shop, well-known"], "a well-known shop, well-known"),
        (["a high-", "pressure pump of high pressure"], "a high-pressure pump of high pressure"),
        (["from 5-", "10 days"], "from 5- 10 days"),
        (["the ex-", "display set"], "the ex-display set"),
        ([f"Ef{HYPHEN}", "fects"], "Effects"),
        (["North-", "South"], "North- South"),
    ],
)
def test_hyphens_at_the_end_of_a_line(lines: list[str], expected: str) -> None:
    assert without_hyphens(join_lines(lines)) == expected


# -- Right to left --------------------------------------------------------------------------------


def as_drawn(text: str, order: list[int]) -> list[list[Letter]]:
    """The letters of a right-to-left line at their places, in any order in the file. Numbers and
    Latin words are drawn from left to right."""
    runs: list[str] = []
    for word in text.split(" "):
        rtl = any(unicodedata.bidirectional(sign) in ("R", "AL") for sign in word)
        runs.append(word[::-1] if rtl else word)
    x = 0.0
    letters: list[Letter] = []
    for word in reversed(runs):
        for sign in word:
            letters.append(Letter(sign, x, 0, x + 5, 10, len(letters)))
            x += 5
        x += 3
    return [[letters[place % len(letters)]] for place in order if place < len(letters)]


@given(st.permutations(list(range(40))))
def test_a_line_from_right_to_left_is_read_whatever_its_order_in_the_file(order: list[int]) -> None:
    text = "ניתן להחזיר בתוך 30 יום"
    pieces = in_reading_order(as_drawn(text, order), lambda piece: 10.0)
    assert "".join(letter.text for piece in pieces for letter in piece) == text
