"""knowledge.splitting: Markdown → passages. What must hold for every document, and examples."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge.embedding.encoder import get_tokenizer
from knowledge.embedding.model import BUNDLED
from knowledge.splitting import Piece, plain, split_markdown
from tests.knowledge.markdown import Source, render, sources

LIMIT = 60
quick = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
any_source = given(source=sources(), limit=st.integers(60, 200))
# A row longer than a passage is cut like prose, and its parts are found by their row alone.
fitting_rows = given(source=sources(wide_tables=False), limit=st.integers(60, 200))


def split(markdown: str, limit: int = LIMIT) -> list[Piece]:
    return split_markdown(markdown, get_tokenizer(BUNDLED), limit)


def tokens_in(text: str) -> int:
    return len(get_tokenizer(BUNDLED).encode(text, add_special_tokens=False).ids)


# -- What must hold for every document ------------------------------------------------------------
@quick
@any_source
def test_no_word_of_the_text_is_lost(source: Source, limit: int) -> None:
    pieces = split(source.markdown, limit)
    kept = " ".join([*(piece.text for piece in pieces), *(t for p in pieces for t in p.heading)])
    assert set(source.words) <= set(_words(kept))


@quick
@any_source
def test_no_passage_is_longer_than_the_limit(source: Source, limit: int) -> None:
    assert [p for p in split(source.markdown, limit) if tokens_in(p.text) > limit] == []


@quick
@fitting_rows
def test_offsets_lead_to_the_text_in_reading_order(source: Source, limit: int) -> None:
    pieces = split(source.markdown, limit)
    for piece in pieces:
        stretch = source.markdown[piece.char_start : piece.char_end]
        if piece.text != stretch.strip():
            header, rows = _table_part(piece.text)
            assert header in source.tables
            assert stretch.strip() == rows
    starts = [piece.char_start for piece in pieces]
    assert starts == sorted(starts)
    for first, second in pairwise(pieces):
        assert first.char_end <= second.char_start


@quick
@any_source
def test_the_heading_path_is_the_one_above_the_text(source: Source, limit: int) -> None:
    for piece in split(source.markdown, limit):
        for word in _words(piece.text):
            path = source.paths.get(word)
            if path is None:
                continue  # a heading's own word, in a passage of several short sections
            assert path[: len(piece.heading)] == piece.heading
            assert all(title in piece.text for title in path[len(piece.heading) :])


@quick
@any_source
def test_a_row_that_fits_is_never_cut_and_stands_under_its_header(
    source: Source, limit: int
) -> None:
    texts = [piece.text for piece in split(source.markdown, limit)]
    for header, rows in source.tables.items():
        for row in rows:
            if tokens_in(f"{header}\n{row}") <= limit:
                assert any(header in text and row in text.splitlines() for text in texts)


def _words(text: str) -> list[str]:
    return [word for word in plain(text).replace("|", " ").replace("#", " ").split() if word]


def _table_part(text: str) -> tuple[str, str]:
    lines = text.splitlines()
    return "\n".join(lines[:2]), "\n".join(lines[2:])


def test_the_generator_makes_what_the_properties_speak_of() -> None:
    source = render([("heading", 1), ("text", 3), ("table", 2), ("heading", 2), ("code", 2)])
    assert source.markdown.startswith("# w0")
    assert len(source.tables) == 1
    assert source.paths[source.words[-1]] == (source.words[0], source.words[-3])


# -- Examples -------------------------------------------------------------------------------------
def test_a_passage_knows_all_headings_above_it() -> None:
    long = "Opened goods can be returned within 14 days, except for food. " * 5
    pieces = split(
        f"# Returns\n\n## Limits\n\n{long}\n\n### **Food**\n\n{long}\n\n## Other\n\n{long}"
    )
    assert {piece.heading for piece in pieces} == {
        ("Returns", "Limits"),
        ("Returns", "Limits", "Food"),
        ("Returns", "Other"),
    }


@pytest.mark.parametrize("fence", ["```", "~~~", "```sh"])
def test_a_hash_in_a_code_fence_is_no_heading(fence: str) -> None:
    code = f"{fence}\n# a comment\nrun --now\n{fence[:3]}"
    (piece,) = split(f"# Setup\n\nType this:\n\n{code}\n\nThen wait.")
    assert piece.heading == ("Setup",)
    assert "# a comment" in piece.text


def test_a_fence_ends_only_with_its_own_mark() -> None:
    pieces = split("# Setup\n\n```\n~~~\n# a comment\n```\n\nThen wait.")
    assert {piece.heading for piece in pieces} == {("Setup",)}


def test_a_title_with_nothing_under_it_is_the_text_itself() -> None:
    pieces = split("# Slides\n\n## Free returns\n\n## Two years of warranty\n")
    assert "Free returns" in "\n".join(piece.text for piece in pieces)
    assert "Two years of warranty" in "\n".join(piece.text for piece in pieces)


def test_a_short_section_joins_the_one_before() -> None:
    (piece,) = split("# Returns\n\nAsk us.\n\n## Food\n\nNever.")
    assert piece.text == "Ask us.\n\n## Food\n\nNever."
    assert piece.heading == ("Returns",)


def test_sections_under_different_parents_stay_apart() -> None:
    pieces = split("# Returns\n\nWithin 30 days.\n\n# Shipping\n\nWithin 2 days.")
    assert [piece.heading for piece in pieces] == [("Returns",), ("Shipping",)]


def test_a_table_that_fits_stays_in_one_piece() -> None:
    table = "| Country | Price |\n| --- | --- |\n| France | £12 |\n| Ireland | £9 |"
    (piece,) = split(f"# Shipping\n\n{table}\n")
    assert piece.text == table


def test_a_long_table_repeats_its_header_and_keeps_every_row() -> None:
    rows = [f"| Country {number} | £{number}.50 |" for number in range(40)]
    header = "| Country | Price |\n| --- | --- |"
    pieces = split("\n".join(["# Shipping\n", header, *rows]))
    assert len(pieces) > 3
    assert all(piece.text.startswith(header) for piece in pieces)
    assert [row for piece in pieces for row in piece.text.splitlines()[2:]] == rows


def test_a_row_too_long_for_a_passage_is_cut_rather_than_lost() -> None:
    cell = " ".join(f"word{number}" for number in range(100))
    pieces = split(f"| Term | Meaning |\n| --- | --- |\n| Long | {cell} |\n| Short | yes |")
    text = " ".join(piece.text for piece in pieces)
    assert all(f"word{number}" in text for number in range(100))
    assert "| Short | yes |" in text
    assert max(tokens_in(piece.text) for piece in pieces) <= LIMIT


@pytest.mark.parametrize("markdown", ["", " \n\n", "\n"])
def test_nothing_becomes_no_passages(markdown: str) -> None:
    assert split(markdown) == []


def test_a_word_without_end_is_cut_into_passages() -> None:
    pieces = split("x" * 5000)
    assert "".join(piece.text for piece in pieces) == "x" * 5000
    assert max(tokens_in(piece.text) for piece in pieces) <= LIMIT


def test_marks_are_not_part_of_a_heading() -> None:
    assert plain(r"**2\. What is** `covered`") == "2. What is covered"
