"""Markdown documents for property tests, together with what is in them.

Every word is unique (`w0`, `w1`, …), so that where it ended up can be asked.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from hypothesis import strategies as st

Block = tuple[str, int]  # what, and how big: "heading" its level, "text" words, "table" rows, …
_Words = Callable[[int], list[str]]


@dataclass
class Source:
    """`paths`: word → the titles above it. `tables`: header with its rule → rows."""

    markdown: str = ""
    words: list[str] = field(default_factory=list)
    paths: dict[str, tuple[str, ...]] = field(default_factory=dict)
    tables: dict[str, list[str]] = field(default_factory=dict)


def sources(*, wide_tables: bool = True) -> st.SearchStrategy[Source]:
    """Documents of every mixture; the rows of wide tables are longer than a passage."""
    kinds: list[st.SearchStrategy[Block]] = [
        st.tuples(st.just("heading"), st.integers(1, 4)),
        st.tuples(st.just("text"), st.integers(1, 150)),
        st.tuples(st.just("table"), st.integers(0, 30)),
        st.tuples(st.just("code"), st.integers(1, 8)),
        st.tuples(st.just("list"), st.integers(1, 20)),
    ]
    if wide_tables:
        kinds.append(st.tuples(st.just("wide table"), st.integers(1, 3)))
    return st.lists(st.one_of(kinds), min_size=1, max_size=12).map(render)


def render(blocks: Sequence[Block]) -> Source:
    source, numbers = Source(), itertools.count()
    path: list[tuple[int, str]] = []

    def words(count: int) -> list[str]:
        new = [f"w{next(numbers)}" for _ in range(count)]
        source.words += new
        return new

    parts = []
    for kind, size in blocks:
        if kind == "heading":
            (title,) = words(1)
            path = [entry for entry in path if entry[0] < size] + [(size, title)]
            parts.append(f"{'#' * size} {title}")
            continue
        first = len(source.words)
        parts.append("\n".join(_lines(kind, size, words, source)))
        titles = tuple(title for _, title in path)
        source.paths.update(dict.fromkeys(source.words[first:], titles))
    source.markdown = "\n\n".join(parts)
    return source


def _lines(kind: str, size: int, words: _Words, source: Source) -> Iterator[str]:
    if kind == "text":
        yield " ".join(words(size))
    elif kind == "list":
        for _ in range(size):
            yield "- " + " ".join(words(3))
    elif kind == "code":
        yield "```"
        for _ in range(size):
            yield f"# {words(1)[0]}"
        yield "```"
    else:
        columns = 30 if kind == "wide table" else 3
        header = f"{_row(words(columns))}\n|{' --- |' * columns}"
        rows = [_row(words(columns)) for _ in range(size)]
        source.tables[header] = rows
        yield header
        yield from rows


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
