"""What may be quoted from a passage: whole sentences, list items and rows, word for word."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from knowledge.reading import SUPPORTED_EXTENSIONS, read_file
from knowledge.text.sentences import split_sentences
from knowledge.text.units import units_of

DEMO = Path(__file__).parents[3] / "supportbot" / "local" / "demo" / "documents"
DOCUMENTS = sorted(p.name for p in DEMO.iterdir() if p.suffix.lstrip(".") in SUPPORTED_EXTENSIONS)


def texts(passage: str) -> list[str]:
    return [unit.text for unit in units_of(passage)]


def test_prose_is_cut_into_sentences_over_line_ends() -> None:
    assert texts("One goes\non. Two!\n\nThree?") == ["One goes on.", "Two!", "Three?"]


def test_a_quote_keeps_the_passages_own_characters() -> None:
    (unit,) = units_of("We **never** ask\nfor `it`.")
    assert (unit.text, unit.quote) == ("We never ask for it.", "We **never** ask\nfor `it`.")


def test_list_items_carry_the_line_that_introduces_them() -> None:
    passage = (
        "When an account is closed:\n\n- points are lost;\n- invoices\n  are kept.\n\nAfter it."
    )
    assert [(unit.lead, unit.text) for unit in units_of(passage)] == [
        ("When an account is closed:", "points are lost;"),
        ("When an account is closed:", "invoices are kept."),
        ("", "After it."),
    ]


@pytest.mark.parametrize("gap", ["\n", "\n\n"])
def test_half_a_sentence_in_front_of_a_list_is_its_lead(gap: str) -> None:
    passage = f"We may do so. We cancel an order, and tell you, if{gap}- the price was wrong."
    assert [(unit.lead, unit.text) for unit in units_of(passage)] == [
        ("", "We may do so."),
        ("We cancel an order, and tell you, if", "the price was wrong."),
    ]


def test_items_of_a_nested_list_are_units_of_their_own() -> None:
    passage = "It depends:\n- in the UK\n    1. by post\n    2. in a shop\n- elsewhere"
    assert texts(passage) == ["in the UK", "by post", "in a shop", "elsewhere"]
    assert {unit.lead for unit in units_of(passage)} == {"It depends:"}


def test_a_table_row_names_its_columns() -> None:
    passage = "| Country | Standard |\n| --- | ---: |\n| Ireland | £9.90 |\n| France | |"
    assert [(unit.text, unit.quote) for unit in units_of(passage)] == [
        ("Country: Ireland; Standard: £9.90", "| Ireland | £9.90 |"),
        ("Country: France", "| France | |"),
    ]


def test_a_table_without_a_first_header_still_gives_its_rows() -> None:
    assert texts("| | Gift |\n|---|---|\n| Renewal | never |") == ["Renewal; Gift: never"]


def test_headings_are_not_quoted_and_end_what_stands_before_them() -> None:
    passage = "Rules:\n## What applies\n- One\n### More\nTwo."
    assert [(unit.lead, unit.text) for unit in units_of(passage)] == [("", "One"), ("", "Two.")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("退货。换货！好吗？行", ["退货。", "换货！", "好吗？", "行"]),
        ("他说「不行。」我走了。", ["他说「不行。」", "我走了。"]),
        (
            "See e.g. Art. 5. Then Dr. Who came at 5.30. Done",
            [
                "See e.g. Art. 5.",
                "Then Dr. Who came at 5.30.",
                "Done",
            ],
        ),
        (
            "It is (mostly) free. (Not always.) Ask!",
            [
                "It is (mostly) free.",
                "(Not always.)",
                "Ask!",
            ],
        ),
        ("Well... Yes? No.", ["Well...", "Yes?", "No."]),
        ("It costs £3.95. It is fine.", ["It costs £3.95.", "It is fine."]),
        ("Version 1.2.3 of example.com works.", ["Version 1.2.3 of example.com works."]),
        ("  ", []),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(text: str, expected: list[str]) -> None:
    assert split_sentences(text) == expected


@pytest.mark.parametrize("passage", ["", "\n\n", "---", "* * *", "#", "| |\n|---|\n| |"])
def test_what_says_nothing_gives_no_units(passage: str) -> None:
    assert texts(passage) == []


@cache
def markdown_of(name: str) -> str:
    return read_file(DEMO / name, name).markdown


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_quote_of_the_demo_documents_is_literal(name: str) -> None:
    markdown = markdown_of(name)
    units = list(units_of(markdown))
    assert units
    for unit in units:
        assert unit.quote in markdown
        assert unit.quote == unit.quote.strip() != ""


MARKDOWN = st.lists(
    st.sampled_from(
        [
            *"ab. |-#*!\n\n\t\r\x0b\x0c\x85\u2028\u2029\u00a0:",
            *["\n- ", "\n1. ", "| a | b |\n|---|---|\n| c | d |\n", "\n# ", "One. ", "二。"],
        ]
    ),
    max_size=30,
)


@settings(max_examples=400, deadline=None)
@given(parts=MARKDOWN)
@example(parts=["One", "\u2028", "two."])
def test_quotes_are_literal_whatever_the_passage_holds(parts: list[str]) -> None:
    passage = "".join(parts)
    for unit in units_of(passage):
        assert unit.quote in passage
        assert unit.text


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_quotes_are_literal_wherever_a_passage_is_cut(data: st.DataObject) -> None:
    markdown = markdown_of(data.draw(st.sampled_from([n for n in DOCUMENTS if n.endswith(".md")])))
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(markdown))] * 2)))
    passage = markdown[start:end]
    position = 0
    for unit in units_of(passage):
        assert unit.quote in passage
        position = passage.index(unit.quote, position)  # and they come in reading order
