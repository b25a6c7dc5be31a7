"""A stream of characters becomes the same cited sentences however it is cut into pieces."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from supportbot.answers.citations import cited_sentences, parse_sentences
from tests.openai_server import odd_cuts

Expected = list[tuple[str, tuple[int, ...]]]


def read(pieces: Sequence[str]) -> Expected:
    """What comes out when `pieces` go in one by one."""

    async def deltas() -> AsyncGenerator[str]:
        for piece in pieces:
            yield piece

    async def collect() -> Expected:
        return [(s.text, s.numbers) async for s in cited_sentences(deltas())]

    return asyncio.run(collect())


CASES: dict[str, tuple[str, Expected]] = {
    "mark before the full stop": ("One [1]. Two [2].", [("One.", (1,)), ("Two.", (2,))]),
    "mark behind the full stop": ("One. [1] Two. [2]", [("One.", (1,)), ("Two.", (2,))]),
    "mark glued to both sides": (
        "One.[1] Two.[2][3] Three",
        [
            ("One.", (1,)),
            ("Two.", (2, 3)),
            ("Three", ()),
        ],
    ),
    "mark between two full stops": ("One. [1]. Two [2].", [("One.", (1,)), ("Two.", (2,))]),
    "several numbers in a mark": ("One [1, 2,3] and [2].", [("One and.", (1, 2, 3))]),
    "mark on a line of its own": ("One.\n[1]\nTwo. [2]", [("One.", (1,)), ("Two.", (2,))]),
    "mark behind a quotation": (
        "He said “no.” [1] Go on [2].",
        [
            ("He said “no.”", (1,)),
            ("Go on.", (2,)),
        ],
    ),
    "no mark": ("One. Two", [("One.", ()), ("Two", ())]),
    "numbered list": (
        "1. One [1].\n2. Two [2].\n10) Ten [3]",
        [
            ("One.", (1,)),
            ("Two.", (2,)),
            ("Ten", (3,)),
        ],
    ),
    "bulleted list": (
        "It holds:\n- One [1]\n* Two [2]\n• Three [3]",
        [
            ("It holds:", ()),
            ("One", (1,)),
            ("Two", (2,)),
            ("Three", (3,)),
        ],
    ),
    "abbreviations": (
        "See e.g. Art. 5 of Example Inc. Ltd. etc. here [1]. Two [2].",
        [
            ("See e.g. Art. 5 of Example Inc. Ltd. etc. here.", (1,)),
            ("Two.", (2,)),
        ],
    ),
    "decimals": (
        "It costs £3.95. Or 1.5 kg [2].",
        [
            ("It costs £3.95.", ()),
            ("Or 1.5 kg.", (2,)),
        ],
    ),
    "amount before the mark": (
        "It costs £3.95. [1] Two [2].",
        [
            ("It costs £3.95.", (1,)),
            ("Two.", (2,)),
        ],
    ),
    "address of a page": (
        "See https://shop.example/a.b?c=d.e [1]. Two [2].",
        [
            ("See https://shop.example/a.b?c=d.e.", (1,)),
            ("Two.", (2,)),
        ],
    ),
    "question and exclamation": (
        "Really?! [1] Yes! No… [2] Ok",
        [
            ("Really?!", (1,)),
            ("Yes!", ()),
            ("No…", (2,)),
            ("Ok", ()),
        ],
    ),
    "lower case goes on": (
        "About approx. five of no. names [1]. Two",
        [
            ("About approx. five of no. names.", (1,)),
            ("Two", ()),
        ],
    ),
    "bold": (
        "**One** is [1]. **Two.** [2] Three [3].",
        [
            ("One is.", (1,)),
            ("Two.", (2,)),
            ("Three.", (3,)),
        ],
    ),
    "Chinese": (
        "退货可以。[1] 三十天内！[2]好的",
        [("退货可以。", (1,)), ("三十天内！", (2,)), ("好的", ())],
    ),
    "brackets that are no mark": (
        "One [see below]. Two [a1] [1].",
        [
            ("One [see below].", ()),
            ("Two [a1].", (1,)),
        ],
    ),
    "line ends of other systems": ("One [1].\r\nTwo [2].", [("One.", (1,)), ("Two.", (2,))]),
    "a number in mid-text is no list mark": (
        "How long? 30. Or [1]",
        [
            ("How long?", ()),
            ("30.", ()),
            ("Or", (1,)),
        ],
    ),
    "nothing with words": (" \n ... [1] !", []),
    "nothing": ("", []),
}


@pytest.mark.parametrize("name", CASES)
def test_sentences_keep_their_numbers(name: str) -> None:
    text, expected = CASES[name]
    assert [(s.text, s.numbers) for s in parse_sentences(text)] == expected


@pytest.mark.parametrize("name", CASES)
def test_single_characters_give_the_same_sentences(name: str) -> None:
    text, expected = CASES[name]
    assert read(list(text)) == expected
    assert read(odd_cuts(text)) == expected


PARTS = st.sampled_from(
    [
        "One",
        "two",
        "Three",
        " ",
        " ",
        " ",
        ". ",
        ".",
        "! ",
        "?",
        "… ",
        "\n",
        "\n\n",
        "[1]",
        " [2]",
        "[3, 4]",
        "[",
        "]",
        "1. ",
        "2) ",
        "- ",
        "e.g. ",
        "Art. ",
        "3.95",
        "£",
        "30",
        "https://a.example/b.c",
        "“",
        ".” ",
        ")",
        "。",
        "！",
        "退货",
        "**",
        ".\n",
        ". [5] ",
        "[12",
        "\r\n",
        ",",
        ": ",
    ]
)


@settings(max_examples=300, deadline=None)
@given(parts=st.lists(PARTS, max_size=25), data=st.data())
def test_no_cut_changes_what_comes_out(parts: list[str], data: st.DataObject) -> None:
    text = "".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=12)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert read(pieces) == [(s.text, s.numbers) for s in parse_sentences(text)]
    assert read(list(text)) == read([text])


@settings(max_examples=200, deadline=None)
@given(parts=st.lists(PARTS, max_size=25))
@example(parts=["One", ". ", "Two"])
def test_no_word_is_lost_and_none_is_added(parts: list[str]) -> None:
    text = "".join(parts)
    for word in ("One", "two", "Three", "退货"):
        said = " ".join(sentence.text for sentence in parse_sentences(text))
        assert said.count(word) == text.count(word)


def test_a_sentence_comes_out_as_soon_as_the_next_begins() -> None:
    async def first_of(pieces: Sequence[str]) -> str:
        async def deltas() -> AsyncGenerator[str]:
            for piece in pieces:
                yield piece
            raise AssertionError("asked for more than it needs")

        return (await anext(cited_sentences(deltas()))).text

    assert asyncio.run(first_of(["One [1", "]. ", "T"])) == "One."
    assert asyncio.run(first_of(["One.", " [1] ", "[2]\n", "- t"])) == "One."
