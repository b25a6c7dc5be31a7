"""Markdown documents for property tests, together with what is in them.

Every word is unique (`w0`, `w1`, …), so that where it ended up can be asked.
"""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from hypothesis import strategies as st

Block = tuple[str, int]  # what, and how big: "heading" its level, "text" words, "table" rows, …
Words = Callable[[int], list[str]]

SENTENCE_WORDS = 7
COLUMNS = {"table": 3, "wide table": 30}


@dataclass
class Source:
    """`paths`: word → the titles above it. `tables`: header with its rule → rows. `sentences` and
    `items` stand in the text as they are. `unquoted`: the stretches of headings and rules."""

    markdown: str = ""
    words: list[str] = field(default_factory=list)
    paths: dict[str, tuple[str, ...]] = field(default_factory=dict)
    tables: dict[str, list[str]] = field(default_factory=dict)
    sentences: list[str] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    unquoted: list[tuple[int, int]] = field(default_factory=list)


def sources() -> st.SearchStrategy[Source]:
    """Documents of every mixture; the rows of wide tables and some words are longer than a
    passage."""
    kinds: list[st.SearchStrategy[Block]] = [
        st.tuples(st.just("heading"), st.integers(1, 4)),
        st.tuples(st.just("text"), st.integers(1, 150)),
        st.tuples(st.just("sentences"), st.integers(1, 30)),
        st.tuples(st.just("wrapped"), st.integers(1, 20)),
        st.tuples(st.just("unspaced"), st.integers(1, 20)),
        st.tuples(st.just("table"), st.integers(0, 30)),
        st.tuples(st.just("wide table"), st.integers(1, 3)),
        st.tuples(st.just("code"), st.integers(1, 8)),
        st.tuples(st.just("list"), st.integers(1, 20)),
        st.tuples(st.just("nested list"), st.integers(1, 10)),
        st.tuples(st.just("quotation"), st.integers(1, 20)),
        st.tuples(st.just("records"), st.integers(1, 10)),
        st.tuples(st.just("endless word"), st.integers(50, 3000)),
        st.just(("rule", 0)),
    ]
    return st.lists(st.one_of(kinds), min_size=1, max_size=12).map(render)


def render(blocks: Sequence[Block]) -> Source:
    source, numbers = Source(), itertools.count()
    path: list[tuple[int, str]] = []

    def words(count: int) -> list[str]:
        new = [f"w{next(numbers)}" for _ in range(count)]
        source.words += new
        return new

    for kind, size in blocks:
        source.markdown += "\n\n" if source.markdown else ""
        start, first_word = len(source.markdown), len(source.words)
        if kind == "heading":
            (title,) = words(1)
            path = [entry for entry in path if entry[0] < size] + [(size, title)]
            source.markdown += f"{'#' * size} {title}"
        else:
            source.markdown += "\n".join(_lines(kind, size, words, source))
            titles = tuple(title for _, title in path)
            source.paths.update(dict.fromkeys(source.words[first_word:], titles))
        if kind in {"heading", "rule"}:
            source.unquoted.append((start, len(source.markdown)))
    return source


def _lines(kind: str, size: int, words: Words, source: Source) -> Iterator[str]:
    if kind in COLUMNS:
        yield from _table(COLUMNS[kind], size, words, source)
    elif kind == "text":
        yield " ".join(words(size))
    elif kind in {"sentences", "wrapped"}:
        sentences = [" ".join(words(SENTENCE_WORDS)).capitalize() + "." for _ in range(size)]
        if kind == "sentences":
            source.sentences += sentences
        yield from [" ".join(sentences)] if kind == "sentences" else _wrap(sentences)
    elif kind == "unspaced":
        yield "".join(f"{word}が届きます。" for word in words(size))
    elif kind == "list":
        items = ["- " + " ".join(words(3)) for _ in range(size)]
        source.items += items
        yield from items
    elif kind == "quotation":
        yield from ("> " + " ".join(words(SENTENCE_WORDS)) for _ in range(size))
    elif kind == "records":
        yield ", ".join(f"{{'text': '{' '.join(words(9))}'}}" for _ in range(size))
    else:
        yield from _odd_lines(kind, size, words)


def _odd_lines(kind: str, size: int, words: Words) -> Iterator[str]:
    if kind == "nested list":
        for number in range(size):
            yield f"{number + 1}. " + " ".join(words(3))
            yield "   - " + ". ".join(" ".join(words(SENTENCE_WORDS)) for _ in range(2))
    elif kind == "code":
        yield from ["```", *(f"# {words(1)[0]}" for _ in range(size)), "```"]
    elif kind == "endless word":
        yield "x" * size
    else:
        yield "***"


def _wrap(sentences: Sequence[str]) -> list[str]:
    return textwrap.wrap(" ".join(sentences), 70)


def _table(columns: int, rows: int, words: Words, source: Source) -> list[str]:
    header = f"{_row(words(columns))}\n|{' --- |' * columns}"
    source.tables[header] = [_row(words(columns)) for _ in range(rows)]
    return [header, *source.tables[header]]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
