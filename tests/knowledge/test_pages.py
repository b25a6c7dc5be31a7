"""knowledge.pages: where each page starts in the Markdown, and what stands on all of them."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from knowledge.pages import page_at
from knowledge.reading import ReadText, read_file
from knowledge.reading.markdown import join_pages
from tests.knowledge.files import pdf

HEADER = "| Part | Price |\n| --- | --- |\n"


def read(folder: Path, pages: list[list[str]]) -> ReadText:
    path = folder / "pages.pdf"
    path.write_bytes(pdf(pages))
    return read_file(path, path.name)


def test_a_character_lies_on_the_last_page_that_starts_before_it() -> None:
    starts = [0, 10, 20]
    assert [page_at(starts, offset) for offset in (0, 9, 10, 19, 20, 999)] == [1, 1, 2, 2, 3, 3]
    assert page_at([], 5) is None


@given(pages=st.lists(st.text("ab \n", max_size=8).map(str.strip), max_size=6))
def test_every_page_stands_where_it_starts(pages: list[str]) -> None:
    text, starts = join_pages(pages)
    assert len(starts) == len(pages)
    assert starts == sorted(starts)
    for start, page in zip(starts, pages, strict=True):
        assert text[start:].startswith(page)


def test_a_table_goes_on_over_a_page_and_a_new_one_does_not() -> None:
    first, rest, other = HEADER + "| Gasket | 4 |", "| Tank | 9 |", HEADER + "| Lid | 2 |"
    assert join_pages([first, rest]) == (f"{first}\n{rest}", [0, len(first) + 1])
    assert join_pages([first, other])[0] == f"{first}\n\n{other}"


def test_a_blank_page_is_a_page(tmp_path: Path) -> None:
    result = read(tmp_path, [["The first page."], [], ["The third page."]])
    assert page_at(result.page_starts, result.markdown.index("third")) == 3


def test_lines_at_the_edge_of_most_pages_are_left_out(tmp_path: Path) -> None:
    pages = [
        ["Shop GmbH", f"Text {word} here.", *[""] * 35, f"Page {number} of 3"]
        for number, word in enumerate(("one", "two", "three"), start=1)
    ]
    result = read(tmp_path, pages)
    assert result.markdown.split("\n\n") == [
        f"Text {word} here." for word in ("one", "two", "three")
    ]


def test_what_stands_on_a_few_pages_is_text(tmp_path: Path) -> None:
    result = read(tmp_path, [["Note", "One."], ["Note", "Two."], ["Three."], ["Four."]])
    assert result.markdown.count("Note") == 2
