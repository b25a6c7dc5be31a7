"""knowledge.splitting: Markdown → passages. What must hold for every document, and examples."""

from __future__ import annotations

import textwrap
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from knowledge.embedding.encoder import get_tokenizer
from knowledge.embedding.model import BUNDLED
from knowledge.splitting import Piece, say_tables, split_markdown
from knowledge.text.plain import plain
from tests.knowledge.markdown import Source, render, sources

LIMIT = 60
quick = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
any_source = given(source=sources(), limit=st.integers(60, 220))


def split(markdown: str, limit: int = LIMIT) -> list[Piece]:
    return split_markdown(markdown, get_tokenizer(BUNDLED), limit)


def tokens_in(text: str) -> int:
    """Of what is embedded."""
    return len(get_tokenizer(BUNDLED).encode(say_tables(text), add_special_tokens=False).ids)


# -- What must hold for every document ------------------------------------------------------------
@quick
@any_source
def test_everything_but_headings_and_rules_is_in_a_passage(source: Source, limit: int) -> None:
    missing = set(range(len(source.markdown)))
    for start, end in source.unquoted:
        missing -= set(range(start, end))
    for piece in split(source.markdown, limit):
        missing -= set(range(piece.char_start, piece.char_end))
    assert "".join(source.markdown[at] for at in sorted(missing)).strip() == ""


@quick
@any_source
def test_no_word_is_lost_not_even_a_heading(source: Source, limit: int) -> None:
    pieces = split(source.markdown, limit)
    kept = " ".join([*(piece.text for piece in pieces), *(t for p in pieces for t in p.heading)])
    assert set(source.words) <= set(_words(kept))


@quick
@any_source
def test_no_passage_is_longer_than_the_limit(source: Source, limit: int) -> None:
    assert [p for p in split(source.markdown, limit) if tokens_in(p.text) > limit] == []


@quick
@any_source
def test_a_passage_is_a_stretch_of_the_text_or_rows_under_their_header(
    source: Source, limit: int
) -> None:
    for piece in split(source.markdown, limit):
        stretch = source.markdown[piece.char_start : piece.char_end]
        assert stretch == stretch.strip() != ""
        if piece.text != stretch:
            header, rows = _table_part(piece.text)
            assert rows == stretch
            assert set(rows.splitlines()) <= set(source.tables[header])


@quick
@any_source
def test_passages_are_in_reading_order_and_do_not_overlap(source: Source, limit: int) -> None:
    for first, second in pairwise(split(source.markdown, limit)):
        assert first.char_end <= second.char_start


@quick
@any_source
@example(source=render([("text", 1), ("wide table", 1)]), limit=LIMIT)
def test_the_heading_path_is_the_one_above_the_text(source: Source, limit: int) -> None:
    tables = " ".join(" ".join([header, *rows]) for header, rows in source.tables.items())
    in_tables = set(_words(tables))
    for piece in split(source.markdown, limit):
        for word in _words(piece.text):
            path = source.paths.get(word)
            if path is None:
                continue  # a heading's own word, in a passage of several short sections
            shared = piece.heading
            if word in in_tables and shared[: len(path)] == path:
                shared = path  # what stands behind it is the table's caption
            assert path[: len(shared)] == shared
            assert all(title in piece.text for title in path[len(shared) :])


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


@quick
@any_source
def test_sentences_and_list_items_that_fit_are_never_cut(source: Source, limit: int) -> None:
    texts = [piece.text for piece in split(source.markdown, limit)]
    for unit in (*source.sentences, *source.items):
        assert tokens_in(unit) <= limit
        assert any(unit in text for text in texts)


@quick
@given(source=sources(), limit=st.integers(8, 60))
def test_the_limit_holds_for_a_tokenizer_that_counts_bytes(source: Source, limit: int) -> None:
    tokenizer = byte_tokenizer()
    for piece in split_markdown(source.markdown, tokenizer, limit):
        assert len(tokenizer.encode(say_tables(piece.text)).ids) <= limit


def byte_tokenizer() -> Tokenizer:
    """One token a byte, as an untrained GPT tokenizer: a Japanese character is three."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {character: number for number, character in enumerate(alphabet)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _words(text: str) -> list[str]:
    for mark in "|#-.>'{}:,":
        text = text.replace(mark, " ")
    return [word.lower() for word in plain(text.replace("が届きます。", " ")).split()]


def _table_part(text: str) -> tuple[str, str]:
    lines = text.splitlines()
    return "\n".join(lines[:2]), "\n".join(lines[2:])


def test_the_generator_makes_what_the_properties_speak_of() -> None:
    source = render(
        [
            *[("heading", 1), ("text", 3), ("table", 2), ("heading", 2), ("code", 2), ("rule", 0)],
            *[("sentences", 2), ("wrapped", 9), ("unspaced", 2), ("list", 2), ("records", 2)],
        ]
    )
    assert source.markdown.startswith("# w0")
    assert len(source.tables) == 1
    assert source.paths[source.words[-1]] == (source.words[0], "w13")
    assert all(part in source.markdown for part in (*source.sentences, *source.items))
    assert [source.markdown[start:end] for start, end in source.unquoted] == [
        "# w0",
        "## w13",
        "***",
    ]
    assert set(source.words) <= set(_words(source.markdown))


# -- Headings -------------------------------------------------------------------------------------
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


def test_an_underlined_line_is_a_heading_and_an_underlined_paragraph_is_not() -> None:
    (first, second) = split(
        "Returns\n=======\n\nWithin 30 days.\n\nShipping\n=====\nFree of\ncharge\n---\n"
    )
    assert (first.heading, first.text) == (("Returns",), "Within 30 days.")
    assert (second.heading, second.text) == (("Shipping",), "Free of\ncharge\n---")


def test_a_heading_in_a_list_heads_no_section() -> None:
    (piece,) = split("# Returns\n\n- # Food\n- Never.\n\nAsk us.")
    assert piece.heading == ("Returns",)
    assert piece.text == "- # Food\n- Never.\n\nAsk us."


def test_a_title_with_nothing_under_it_is_the_text_itself() -> None:
    pieces = split("# Slides\n\n## Free returns\n\n## Two years of warranty\n")
    assert "Free returns" in "\n".join(piece.text for piece in pieces)
    assert "Two years of warranty" in "\n".join(piece.text for piece in pieces)


def test_a_title_over_a_rule_alone_is_the_text_itself() -> None:
    first, second = split("# Returns\n\n---\n\n# Shipping\n\nFree.")
    assert (first.heading, first.text) == ((), "# Returns")
    assert (second.heading, second.text) == (("Shipping",), "Free.")


def test_a_short_section_joins_the_one_before() -> None:
    (piece,) = split("# Returns\n\nAsk us.\n\n## Food\n\nNever.")
    assert piece.text == "Ask us.\n\n## Food\n\nNever."
    assert piece.heading == ("Returns",)


def test_short_sections_side_by_side_keep_their_titles() -> None:
    (piece,) = split("# Returns\n\n## Tea\n\nWithin 30 days.\n\n## Food\n\nNever.")
    assert piece.text == "## Tea\n\nWithin 30 days.\n\n## Food\n\nNever."
    assert piece.heading == ("Returns",)


def test_long_sections_side_by_side_stay_apart() -> None:
    long = " ".join(sentences(3))
    pieces = split(f"# Returns\n\n## Tea\n\n{long}\n\n## Food\n\n{long}", limit=100)
    assert [piece.heading for piece in pieces] == [("Returns", "Tea"), ("Returns", "Food")]


def test_sections_under_different_parents_stay_apart() -> None:
    pieces = split("# Returns\n\nWithin 30 days.\n\n# Shipping\n\nWithin 2 days.")
    assert [piece.heading for piece in pieces] == [("Returns",), ("Shipping",)]


def test_an_unmarked_title_stays_with_the_text_below_it() -> None:
    filler = "Opened goods can be returned within 14 days, unless they are food. "
    text = "\n\n".join(["Returns", filler * 3, "Shipping to islands", filler * 3])
    pieces = split(text)
    assert [piece.text.split("\n")[0] for piece in pieces] == ["Returns", "Shipping to islands"]


def test_marks_are_not_part_of_a_heading() -> None:
    assert plain(r"**2\. What is** `covered`") == "2. What is covered"


# -- Tables ---------------------------------------------------------------------------------------
def test_a_table_that_fits_stays_in_one_piece() -> None:
    table = "| Country | Price |\n| --- | --- |\n| France | £12 |\n| Ireland | £9 |"
    (piece,) = split(f"# Shipping\n\n{table}\n")
    assert piece.text == table


def test_a_long_table_repeats_its_header_and_keeps_every_row() -> None:
    rows = [f"| Country {number} | £{number}.50 |" for number in range(40)]
    header = "| Country | Price |\n| --- | --- |"
    markdown = "\n".join(["# Shipping\n", header, *rows])
    pieces = split(markdown)
    assert len(pieces) > 3
    assert all(piece.text.startswith(header) for piece in pieces)
    assert [row for piece in pieces for row in piece.text.splitlines()[2:]] == rows
    for piece in pieces[1:]:
        assert f"{header}\n{markdown[piece.char_start : piece.char_end]}" == piece.text


WIDE_HEADER = "\n".join(
    [
        "| " + " | ".join(f"Quite a long head of column {n}" for n in range(9)) + " |",
        "|" + " --- |" * 9,
    ]
)


def test_a_header_that_is_longer_than_a_passage_does_not_keep_rows_from_standing_under_it() -> None:
    rows = [f"| Row{n} | {n}.50 |" + "  |" * 7 for n in range(6)]
    pieces = split("\n".join([WIDE_HEADER, *rows]))
    assert all(piece.text.startswith(WIDE_HEADER) for piece in pieces)
    assert [row for piece in pieces for row in piece.text.splitlines()[2:]] == rows
    assert max(tokens_in(piece.text) for piece in pieces) <= LIMIT


def test_a_passage_has_few_rows_of_a_long_table() -> None:
    rows = [f"| Country {number} | £{number}.50 |" for number in range(40)]
    pieces = split("\n".join(["| Country | Price |", "| --- | --- |", *rows]), 200)
    assert max(tokens_in(piece.text) for piece in pieces) <= 100
    assert min(len(piece.text.splitlines()) for piece in pieces) > 4


@pytest.mark.parametrize("above", ["Table 1. **Rates** by weight", "All in pounds. The rates are:"])
def test_later_rows_of_a_table_know_its_caption(above: str) -> None:
    rows = [f"| Country {number} | £{number}.50 |" for number in range(40)]
    table = "\n".join(["| Country | Price |", "| --- | --- |", *rows])
    first, *later = split(f"# Shipping\n\n{above}\n\n{table}\n")
    caption = {"T": "Table 1. Rates by weight", "A": "The rates are"}[above[0]]
    assert first.text.startswith(above)
    assert first.heading == ("Shipping",)
    assert {piece.heading for piece in later} == {("Shipping", caption)}


def test_the_end_of_a_paragraph_is_no_caption() -> None:
    rows = [f"| Country {number} | £{number}.50 |" for number in range(40)]
    table = "\n".join(["| Country | Price |", "| --- | --- |", *rows])
    pieces = split(f"# Shipping\n\nWe ship abroad. Customs may be due there.\n\n{table}\n")
    assert {piece.heading for piece in pieces} == {("Shipping",)}


def test_tables_are_said_row_by_row() -> None:
    text = (
        "Rates | fees:\n\n| Country | | Price (£) |\n| :-- | --- | --: |\n"
        "| Spain | by air | 12 |\n| Italy \\| Malta |  |  |\n\nSee a|b."
    )
    assert say_tables(text) == (
        "Rates | fees:\n\nCountry: Spain; by air; Price (£): 12\nCountry: Italy | Malta\n\nSee a|b."
    )


def test_a_header_without_rows_is_said_too() -> None:
    assert say_tables("| Country | Price |\n| --- | --- |") == "Country; Price"


def test_what_follows_a_long_table_is_not_taken_for_its_rows() -> None:
    rows = [f"| Country {number} | £{number}.50 |" for number in range(9)]
    header = "| Country | Price |\n| --- | --- |"
    *_, last = split("\n".join([header, *rows, "", "Prices include tax."]))
    assert last.text == "Prices include tax." or last.text.startswith(f"{header}\n") is False


def test_a_row_too_long_for_a_passage_is_cut_rather_than_lost() -> None:
    cell = " ".join(f"word{number}" for number in range(100))
    markdown = f"| Term | Meaning |\n| --- | --- |\n| Long | {cell} |\n| Short | yes |"
    pieces = split(markdown)
    text = " ".join(piece.text for piece in pieces)
    assert all(f"word{number}" in text for number in range(100))
    assert pieces[-1].text == "| Term | Meaning |\n| --- | --- |\n| Short | yes |"
    assert max(tokens_in(piece.text) for piece in pieces) <= LIMIT
    for piece in pieces[:-1]:
        assert piece.text == markdown[piece.char_start : piece.char_end]


def test_a_row_too_long_is_cut_between_its_cells() -> None:
    cells = [f"The answer to question {n} is given on page {n} of it" for n in range(9)]
    pieces = split(f"| a | b |\n| - | - |\n| {' | '.join(cells)} |")
    assert all(any(cell in piece.text for piece in pieces) for cell in cells)


# -- Running text ---------------------------------------------------------------------------------
def sentences(number: int) -> list[str]:
    return [f"Parcel {n} left our warehouse in Leeds on a rainy day." for n in range(number)]


def test_passages_are_of_like_length_rather_than_full_and_a_rest() -> None:
    pieces = split(" ".join(sentences(6)))
    lengths = [tokens_in(piece.text) for piece in pieces]
    assert len(lengths) == 2
    assert min(lengths) > 0.7 * max(lengths)


@pytest.mark.parametrize("end", [".", "?", "!", "…", ".”", '."', ".)", "!**"])
def test_a_sentence_ends_behind_its_closing_marks(end: str) -> None:
    text = " ".join(f"Parcel number {n} left our warehouse in Leeds{end}" for n in range(30))
    pieces = split(text)
    assert len(pieces) > 4
    assert all(piece.text.startswith("Parcel") and piece.text.endswith(end) for piece in pieces)


def test_text_without_capitals_is_cut_at_its_full_stops() -> None:
    pieces = split(" ".join(sentences(20)).lower())
    assert len(pieces) > 3
    assert all(piece.text.startswith("parcel") for piece in pieces)


@pytest.mark.parametrize(
    "short", ["Dr. Jones", "e.g. Leeds", "No. 5 of it", "J. R. Jones", "[3], [4] and [5]"]
)
def test_an_abbreviation_or_a_reference_ends_no_sentence(short: str) -> None:
    pieces = split(" ".join(f"We sent parcel {n} to {short} by an early train." for n in range(20)))
    assert len(pieces) > 4
    assert all(piece.text.startswith("We sent") for piece in pieces)


def test_wrapped_lines_are_not_taken_for_ends() -> None:
    text = " ".join(f"Parcel {n} that left on a rainy day is there when it is." for n in range(40))
    pieces = split("\n".join(textwrap.wrap(text, 50)))
    assert len(pieces) > 4
    assert all(piece.text.startswith("Parcel") and piece.text.endswith(".") for piece in pieces)


def test_lines_that_end_something_are_not_run_together() -> None:
    lines = [f"Order {n}: {'paid ' * (n % 3 + 1)}and sent" for n in range(40)]
    pieces = split("\n".join(lines))
    assert len(pieces) > 4
    assert [line for piece in pieces for line in piece.text.split("\n")] == lines


@pytest.mark.parametrize(
    "sentence",
    [
        "荷物は三日以内に届きます。",
        "您的包裹将在三天内送达！",
        "आपका पार्सल तीन दिन में पहुँचेगा।",
        "هل وصل الطرد؟ ",
    ],
)
def test_scripts_with_other_full_stops_are_cut_there(sentence: str) -> None:
    pieces = split(sentence * 30)
    assert len(pieces) > 3
    assert all(piece.text.endswith(sentence.strip()) for piece in pieces)
    assert all(piece.text.startswith(sentence[:3]) for piece in pieces)


def test_a_log_of_records_is_cut_between_them_and_at_written_out_line_ends() -> None:
    entry = (
        "{'content': 'Do this:\\n\\n1. Open the lid.\\n2. Press the red button.', 'role': 'user'}"
    )
    pieces = split("[" + ", ".join([entry] * 12) + "]")
    assert len(pieces) > 4
    assert all(piece.text.lstrip("[").startswith(("{", "1.", "2.")) for piece in pieces)


def test_a_sentence_too_long_for_a_passage_is_cut_at_its_clauses() -> None:
    clauses = [f"parcel {n} left our warehouse in Leeds on a rainy day" for n in range(20)]
    pieces = split("; ".join(clauses) + ".")
    assert len(pieces) > 3
    assert all(piece.text.startswith("parcel") for piece in pieces)


def test_words_without_any_stop_are_cut_between_words() -> None:
    words = [f"word{number}" for number in range(500)]
    pieces = split(" ".join(words))
    assert [word for piece in pieces for word in piece.text.split()] == words


@pytest.mark.parametrize("word", ["x", "ก", "🙂", "あ"])
def test_a_word_without_end_is_cut_into_passages(word: str) -> None:
    pieces = split(word * 5000)
    assert "".join(piece.text for piece in pieces) == word * 5000
    assert max(tokens_in(piece.text) for piece in pieces) <= LIMIT
    assert max(len(piece.text) for piece in pieces) <= 4 * LIMIT


def test_passages_end_where_the_subject_changes() -> None:
    tea = [
        f"Green tea must steep in {water} water for a while." for water in ("soft", "hot", "new")
    ]
    mail = [
        f"Every parcel leaves our warehouse by {lorry} lorry." for lorry in ("big", "red", "old")
    ]
    for before, after in ((tea, mail), (tea[:2], mail), (tea, mail[:2])):
        first, second = split(" ".join([*before, *after]), limit=50)
        assert (first.text, second.text) == (" ".join(before), " ".join(after))


# -- Lists ----------------------------------------------------------------------------------------
def test_a_list_is_cut_between_its_items() -> None:
    items = [
        f"- Parcel {n} left our warehouse. It had been\n  packed on a rainy day." for n in range(20)
    ]
    pieces = split("\n".join(items))
    assert len(pieces) > 4
    assert all(piece.text.startswith("- Parcel") for piece in pieces)


def test_an_item_too_long_for_a_passage_is_cut_at_its_sentences() -> None:
    pieces = split("\n".join(["- Short.", "- " + " ".join(sentences(20)), "- Short too."]))
    assert len(pieces) > 3
    assert all(piece.text.endswith((".", "too.")) for piece in pieces)
    assert all(piece.text.startswith(("- ", "Parcel")) for piece in pieces)


def test_a_list_starts_with_the_line_that_announces_it() -> None:
    before = " ".join(sentences(3))
    items = "\n".join(f"- {sentence}" for sentence in sentences(3))
    pieces = split(f"{before}\n\nYou need:\n\n{items}")
    (announced,) = [piece.text for piece in pieces if "You need:" in piece.text]
    assert announced.endswith("day.")


def test_a_code_block_keeps_its_fences() -> None:
    code = "\n".join(f"run --step {n} --quietly" for n in range(40))
    pieces = split(f"Type this.\n\n```sh\n{code}\n```\n")
    assert len(pieces) > 4
    assert not any(piece.text.endswith("```sh") or piece.text == "```" for piece in pieces)


@pytest.mark.parametrize("fence", ["```\n{}\n```", "{}"])
def test_programs_are_cut_between_functions(fence: str) -> None:
    body = "\n\n".join(
        f"    result = compute(first, second, {n})\n    check(result)" for n in range(2)
    )
    functions = [f"int step_{n}(int first)\n{{\n{body}\n}}" for n in range(8)]
    pieces = split(fence.format("\n\n".join(functions)), limit=80)
    assert len(pieces) > 3
    for piece in pieces:
        assert piece.text.removeprefix("```\n").startswith("int step_")
        assert piece.text.removesuffix("\n```").endswith("}")


# -- Odd input ------------------------------------------------------------------------------------
@pytest.mark.parametrize("markdown", ["", " \n\n", "\n", "---", "\n***\n\n---\n"])
def test_nothing_becomes_no_passages(markdown: str) -> None:
    assert split(markdown) == []


@pytest.mark.parametrize(
    "markdown",
    [
        "See [the page][1].\n\n[1]: https://example.com/returns",
        "<div>\n<p>Free returns</p>\n</div>",
        ">" * 40 + " nested too deeply",
        "# Title\n" + ">" * 40 + " nested too deeply",
        "- \n- a\n-\n\n5.\n",
        "a\x00b\x0bc\x0cd\u2028e",
        "| a | b |\n| - | - |\n| c |\n| d | e | f |",
        "```\nnever closed\n\n# not a heading",
        "\\# no heading\n\\- no item",
        "\ufeff# Title\n\ntext",
    ],
)
def test_odd_markdown_is_kept_whole(markdown: str) -> None:
    (piece,) = split(markdown)
    assert piece.text == markdown.strip().removeprefix("# Title\n")


def test_line_ends_of_windows_keep_their_places() -> None:
    markdown = "# Returns\r\n\r\nWithin 30 days.\r\n\r\n# Shipping\r\n\r\nFree.\r\n"
    pieces = split(markdown)
    assert [piece.text for piece in pieces] == ["Within 30 days.", "Free."]
    assert all(markdown[p.char_start : p.char_end] == p.text for p in pieces)


@pytest.mark.parametrize(
    "part",
    [
        "a\n",
        "a\n\n",
        "# a\n",
        "## a\n",
        "|",
        "[",
        "*a",
        "`",
        "<",
        "> ",
        "- a\n",
        "a. ",
        "\\n",
        "1. ",
    ],
)
def test_a_document_of_one_thing_ten_thousand_times_is_split(part: str) -> None:
    pieces = split("# t\n\n" + part * 10_000)
    assert max(tokens_in(piece.text) for piece in pieces) <= LIMIT
    assert sum(len(piece.text) for piece in pieces) >= 10_000 * len(part.strip())
