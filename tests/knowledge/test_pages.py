"""knowledge.pages: where each page starts in the Markdown, and what stands on all of them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.pages import find_page_starts, page_at, without_running_titles


def test_pages_that_begin_alike_start_one_after_the_other() -> None:
    title = "Instruction manual of the espresso machine with two boilers"
    pages = [f"{title}\nFill the tank with water.", f"{title}\nEmpty the drip tray often."]
    markdown = f"# {title}\n\nFill the tank with water.\n\nEmpty the drip tray often."
    first, second = find_page_starts(markdown, pages)
    assert first == 0
    assert markdown.index("Fill") < second <= markdown.index("Empty")


def test_a_page_that_cannot_be_found_starts_where_its_share_says() -> None:
    markdown = "a" * 100 + " " + "b" * 100
    starts = find_page_starts(markdown, ["x" * 100, "y" * 100])
    assert starts[0] == 0
    assert 90 <= starts[1] <= 110


def test_a_character_lies_on_the_last_page_that_starts_before_it() -> None:
    starts = [0, 10, 20]
    assert [page_at(starts, offset) for offset in (0, 9, 10, 19, 20, 999)] == [1, 1, 2, 2, 3, 3]
    assert page_at([], 5) is None


@settings(max_examples=60, deadline=None, database=None)
@given(lengths=st.lists(st.integers(0, 120), min_size=1, max_size=6))
def test_pages_start_where_their_words_start(lengths: list[int]) -> None:
    numbers = iter(range(10_000))
    pages = [" ".join(f"word{next(numbers)}x" for _ in range(length)) for length in lengths]
    markdown = "\n\n".join(pages)
    starts = find_page_starts(markdown, pages)
    assert len(starts) == len(pages)
    assert starts == sorted(starts)
    assert starts[0] == 0
    for start, page in zip(starts[1:], pages[1:], strict=True):
        if len(page) > 12:
            assert start == markdown.index(page)


def test_lines_at_the_edge_of_most_pages_are_left_out() -> None:
    pages = [f"Shop GmbH\nText {word} here.\nPage {n} of 3" for n, word in enumerate("abc", 1)]
    markdown, cleaned = without_running_titles("\n\n".join(pages), pages)
    assert markdown.split("\n\n") == cleaned == [f"Text {word} here." for word in "abc"]


def test_what_stands_on_a_few_pages_is_text() -> None:
    pages = ["Note\nOne.", "Note\nTwo."]
    assert without_running_titles("\n".join(pages), pages) == ("\n".join(pages), pages)
