"""Tables in Markdown → text for the embedding model and for search by words: each row said with
the heads of its columns.

The model reads “| --- |” as five tokens, and does not know which head a cell stands under; said
row by row, tables are found more often (docs/decisions/0013-tables.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_RULE = re.compile(r"^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$")
_BORDER = re.compile(r"(?<!\\)\|")


def say_tables(text: str) -> str:
    """The text with each row of a table as “head: cell; head: cell”, without the empty cells, and
    no header. A header that has no rows is said as its cells. Text outside of tables, and rows
    whose header stands elsewhere, stay as they are."""
    return "\n".join(_said_lines(text.split("\n"))) if "|" in text else text


def say_row(header: str, row: str) -> str:
    """One row; `header` is the first line of its table."""
    return _say(_cells(header), _cells(row))


def _said_lines(lines: Sequence[str]) -> Iterator[str]:
    at = 0
    while at < len(lines):
        if not _is_header(lines, at):
            yield lines[at]
            at += 1
            continue
        heads = _cells(lines[at])
        at += 2
        if not _is_row(lines, at):
            yield "; ".join(filter(None, heads))
        while _is_row(lines, at):
            yield _say(heads, _cells(lines[at]))
            at += 1


def _is_header(lines: Sequence[str], at: int) -> bool:
    rule = lines[at + 1] if at + 1 < len(lines) else ""
    return "|" in lines[at] and "|" in rule and _RULE.match(rule) is not None


def _is_row(lines: Sequence[str], at: int) -> bool:
    return at < len(lines) and "|" in lines[at]


def _cells(line: str) -> list[str]:
    inner = line.strip().removeprefix("|")
    if inner.endswith("|") and not inner.endswith("\\|"):
        inner = inner[:-1]
    return [cell.strip().replace("\\|", "|") for cell in _BORDER.split(inner)]


def _say(heads: Sequence[str], cells: Sequence[str]) -> str:
    named = zip([*heads, *[""] * (len(cells) - len(heads))], cells, strict=False)
    return "; ".join(f"{head}: {cell}" if head else cell for head, cell in named if cell)
