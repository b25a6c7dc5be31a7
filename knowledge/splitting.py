"""Markdown → passages: along headings, by the embedding model's tokens, tables with their header.

A passage's `text` is what may be quoted, `heading` the path of headings above it, and
`char_start:char_end` the stretch of the source it comes from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from semantic_text_splitter import MarkdownSplitter
from tokenizers import Tokenizer

TokenCounter = Callable[[str], int]
HEADER_LINES = 2  # a table's header row and the rule under it
MERGE_BELOW_TOKENS = 40  # a section shorter than this joins its neighbour under the same parent
_HEADING = re.compile(r"^(#{1,6})[ \t]+(.+?)[ \t]*#*[ \t]*$")
_FENCE = re.compile(r"^[ \t]{0,3}(```|~~~)")
_TABLE_RULE = re.compile(r"^[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*(\|[ \t]*:?-{2,}:?[ \t]*)*\|?[ \t]*$")
_INLINE_MARKS = re.compile(r"\*\*|__|`|\\(?=[\\`*_{}\[\]()#+\-.!~<>|])")


@dataclass(frozen=True)
class Piece:
    """One passage before it is stored. Offsets are characters in the Markdown."""

    text: str
    heading: tuple[str, ...]
    char_start: int
    char_end: int


@dataclass(frozen=True)
class _Section:
    """`title_start` is where its heading line starts, `start` where the text behind that does."""

    heading: tuple[str, ...]
    title_start: int
    start: int
    end: int


def split_markdown(markdown: str, tokenizer: Tokenizer, max_tokens: int) -> list[Piece]:
    """Cut a document into passages of at most `max_tokens` tokens each, in reading order."""

    def count(text: str) -> int:
        return len(tokenizer.encode(text, add_special_tokens=False).ids)

    splitter = MarkdownSplitter.from_huggingface_tokenizer(tokenizer, max_tokens)
    pieces: list[Piece] = []
    sections = list(_sections(markdown))
    for section, following in zip(sections, [*sections[1:], None], strict=True):
        if _is_title_alone(markdown, section, following):
            title = markdown[section.title_start : section.start].strip()
            pieces.append(Piece(title, section.heading[:-1], section.title_start, section.start))
        for is_table, start, end in _blocks(markdown, section):
            text = markdown[start:end]
            if not text.strip():
                continue
            if is_table and count(text) > max_tokens:
                cut = _split_table(text, count, splitter, max_tokens)
            elif is_table:
                cut = [(0, text)]
            else:
                cut = splitter.chunk_indices(text)
            for offset, chunk in cut:
                covered = len(chunk) if not is_table else _covered_length(text, offset, chunk)
                at = start + offset
                pieces.append(Piece(chunk.strip(), section.heading, at, at + covered))
    return _merge_small(pieces, markdown, count, max_tokens)


def plain(text: str) -> str:
    """Inline Markdown marks removed: what a reader sees."""
    return _INLINE_MARKS.sub("", text).strip()


def _lines(markdown: str) -> Iterator[tuple[int, str]]:
    start = 0
    for line in markdown.splitlines(keepends=True):
        yield start, line
        start += len(line)


def _sections(markdown: str) -> Iterator[_Section]:
    path: list[tuple[int, str]] = []
    title_start, body_start, fence = 0, 0, ""
    for start, line in _lines(markdown):
        if mark := _FENCE.match(line):
            fence = mark[1] if not fence else ("" if mark[1] == fence else fence)
        match = None if fence else _HEADING.match(line.rstrip("\n"))
        if match is None:
            continue
        yield _Section(tuple(title for _, title in path), title_start, body_start, start)
        level = len(match[1])
        path = [entry for entry in path if entry[0] < level]
        path.append((level, plain(match[2])))
        title_start, body_start = start, start + len(line)
    yield _Section(tuple(title for _, title in path), title_start, body_start, len(markdown))


def _is_title_alone(markdown: str, section: _Section, following: _Section | None) -> bool:
    """A heading with nothing under it, as slides have: then the heading is the text."""
    if not section.heading or markdown[section.start : section.end].strip():
        return False
    return following is None or len(following.heading) <= len(section.heading)


def _blocks(markdown: str, section: _Section) -> Iterator[tuple[bool, int, int]]:
    """(is table, start, end) of the section's stretches, tables apart from all else."""
    body = markdown[section.start : section.end]
    lines = list(_lines(body))
    start, at = 0, 0
    while at < len(lines):
        if at + 1 < len(lines) and "|" in lines[at][1] and _TABLE_RULE.match(lines[at + 1][1]):
            end = at + 2
            while end < len(lines) and "|" in lines[end][1]:
                end += 1
            table_start = lines[at][0]
            table_end = lines[end - 1][0] + len(lines[end - 1][1])
            yield False, section.start + start, section.start + table_start
            yield True, section.start + table_start, section.start + table_end
            start, at = table_end, end
        else:
            at += 1
    yield False, section.start + start, section.end


def _split_table(
    table: str, count: TokenCounter, splitter: MarkdownSplitter, max_tokens: int
) -> list[tuple[int, str]]:
    """(offset of the first row, header + rows): every part repeats the header row."""
    lines = table.splitlines(keepends=True)
    header = "".join(lines[:HEADER_LINES])
    header_tokens = count(header)
    offset = len(header)
    parts: list[tuple[int, str]] = []
    rows, first, tokens = "", offset, header_tokens
    for row in lines[HEADER_LINES:]:
        row_tokens = count(row)
        if rows and tokens + row_tokens > max_tokens:
            parts.append((first, header + rows))
            rows, first, tokens = "", offset, header_tokens
        rows += row
        tokens += row_tokens
        offset += len(row)
    parts.append((first, header + rows))
    # A single row longer than a passage is cut like prose rather than embedded in part.
    return [
        (first, chunk)
        for first, part in parts
        for chunk in (splitter.chunks(part) if count(part) > max_tokens else [part])
    ]


def _covered_length(table: str, offset: int, chunk: str) -> int:
    header_lines = 0 if offset == 0 else HEADER_LINES
    rows = "".join(chunk.splitlines(keepends=True)[header_lines:])
    return min(len(rows), len(table) - offset)


def _merge_small(
    pieces: list[Piece], markdown: str, count: TokenCounter, max_tokens: int
) -> list[Piece]:
    """Join a piece that is too short to stand alone to the one before, headings included."""
    merged: list[Piece] = []
    for piece in pieces:
        previous = merged[-1] if merged else None
        if (
            previous is not None
            and _belong_together(previous, piece)
            and _is_verbatim(previous, markdown)
            and _is_verbatim(piece, markdown)
        ):
            text = markdown[previous.char_start : piece.char_end].strip()
            short = min(count(previous.text), count(piece.text)) < MERGE_BELOW_TOKENS
            if short and count(text) <= max_tokens:
                heading = _common_path(previous.heading, piece.heading)
                merged[-1] = replace(previous, text=text, heading=heading, char_end=piece.char_end)
                continue
        merged.append(piece)
    return merged


def _belong_together(first: Piece, second: Piece) -> bool:
    """Same section, or a parent's introduction and its first subsection."""
    return (
        second.char_start >= first.char_end
        and second.heading[: len(first.heading)] == first.heading
        and first.heading != ()
    )


def _is_verbatim(piece: Piece, markdown: str) -> bool:
    """False for a part of a table that repeats its header: it must stay as it is."""
    return markdown[piece.char_start : piece.char_end].strip() == piece.text


def _common_path(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    length = 0
    for left, right in zip(first, second, strict=False):
        if left != right:
            break
        length += 1
    return first[:length]
