"""Markdown → its blocks in reading order: what each is, where it stands, which headings it is
under."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from markdown_it import MarkdownIt
from markdown_it.token import Token

from knowledge.text.plain import plain

HEADING_CHARACTERS = 300  # what is marked as a heading and longer is a paragraph set in bold type
_LINE_END = re.compile(r"\r\n|\n|\r")
# Block structure alone, ten times as fast. Link definitions are text that must not get lost.
_PARSER = MarkdownIt("commonmark").enable("table").disable(["inline", "reference"])


class Kind(Enum):
    TEXT = "text"
    CODE = "code"  # in a fence
    HEADING = "heading"
    HEADER = "header"  # of a table: its first row and the rule under it
    ROW = "row"
    RULE = "rule"


_KINDS = {
    "paragraph_open": Kind.TEXT,
    "html_block": Kind.TEXT,
    "code_block": Kind.TEXT,
    "heading_open": Kind.TEXT,  # one that heads nothing
    "fence": Kind.CODE,
    "hr": Kind.RULE,
}


@dataclass(frozen=True, slots=True)
class Block:
    """`markdown[start:end]`, to where the next block starts. `path` are the headings it is under,
    a heading's own title included; `depth` counts the list items around it. A rule (a line of
    hyphens) is no block: the one behind it says so."""

    kind: Kind
    start: int
    end: int
    path: tuple[str, ...]
    level: int = 0
    depth: int = 0
    opens_item: bool = False
    after_rule: bool = False


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A block by its lines, from `line` to before `end`."""

    kind: Kind
    line: int
    end: int
    level: int = 0
    title: str = ""
    depth: int = 0
    opens_item: bool = False


def blocks_of(markdown: str) -> list[Block]:
    """The blocks, which together cover every line that is neither blank nor a rule."""
    lines = [0, *(match.end() for match in _LINE_END.finditer(markdown)), len(markdown)]
    leaves = list(_leaves(_PARSER.parse(markdown)))
    blocks: list[Block] = []
    path: list[tuple[int, str]] = []
    after_rule = False
    for leaf, start, end in _placed(leaves, lines, markdown):
        kind = leaf.kind
        if kind is Kind.RULE:
            after_rule = True
            continue
        if kind is Kind.ROW and "|" not in markdown[start:end]:
            kind = Kind.TEXT  # part of the table by the specification, but not to a reader
        if kind is Kind.HEADING:
            path = [above for above in path if above[0] < leaf.level]
            path.append((leaf.level, plain(leaf.title)))
        titles = tuple(title for _, title in path)
        blocks.append(
            Block(kind, start, end, titles, leaf.level, leaf.depth, leaf.opens_item, after_rule)
        )
        after_rule = False
    return blocks


def _placed(
    leaves: Sequence[_Leaf], lines: Sequence[int], markdown: str
) -> Iterator[tuple[_Leaf, int, int]]:
    """(leaf, start, end). What no leaf stands for, such as an empty list item or what is nested
    too deeply, goes with the text before it or is text of its own."""
    at = 0
    next_lines = [following.line for following in leaves[1:]]
    for leaf, next_line in zip(leaves, [*next_lines, len(lines) - 1], strict=False):
        start = lines[leaf.line]
        if markdown[at:start].strip():
            yield _Leaf(Kind.TEXT, 0, 0), at, start
        reaches_on = leaf.kind in {Kind.TEXT, Kind.CODE}
        at = lines[next_line if reaches_on else min(leaf.end, next_line)]
        if start < at:
            yield leaf, start, at
    if markdown[at:].strip():
        yield _Leaf(Kind.TEXT, 0, 0), at, len(markdown)


def _leaves(tokens: Sequence[Token]) -> Iterator[_Leaf]:
    depth, opens_item, in_header = 0, False, False
    for at, token in enumerate(tokens):
        if token.type in {"thead_open", "thead_close"}:
            in_header = token.type == "thead_open"
        elif token.type == "list_item_close":
            depth -= 1
            opens_item = False
        elif token.type == "list_item_open":
            depth += 1
            opens_item = True
        leaf = _leaf_at(tokens, at, in_header=in_header)
        if leaf is not None:
            yield replace(leaf, depth=depth, opens_item=opens_item)
            opens_item = False


def _leaf_at(tokens: Sequence[Token], at: int, *, in_header: bool) -> _Leaf | None:
    """The leaf that a token opens, if any."""
    token = tokens[at]
    if token.map is None:
        return None
    line, end = token.map
    if token.type == "heading_open" and _is_title(token, tokens[at + 1].content):
        return _Leaf(Kind.HEADING, line, end, int(token.tag[1]), tokens[at + 1].content)
    if token.type == "tr_open":
        # The line of the rule has no token.
        return _Leaf(Kind.HEADER, line, end + 1) if in_header else _Leaf(Kind.ROW, line, end)
    kind = _KINDS.get(token.type)
    return None if kind is None else _Leaf(kind, line, end)


def _is_title(token: Token, title: str) -> bool:
    """Whether a heading heads a section. One in a list or a quotation does not; nor does a whole
    paragraph over a row of hyphens, which counts as underlined."""
    return token.level == 0 and 0 < len(title) <= HEADING_CHARACTERS and "\n" not in title
