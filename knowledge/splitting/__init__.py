"""Markdown → passages: along headings, by the embedding model's tokens, tables with their header.

Blocks (`blocks`) are cut into units that stay whole (`units`); which units share a passage is
decided for the whole document at once (`segmentation`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tokenizers import Tokenizer

from knowledge.splitting.blocks import Kind
from knowledge.splitting.segmentation import divide
from knowledge.splitting.table_text import say_tables
from knowledge.splitting.units import Unit, units_of

__all__ = ["Piece", "say_tables", "split_markdown"]


@dataclass(frozen=True, slots=True)
class Piece:
    """One passage before it is stored. `text` is what may be quoted: the Markdown from `char_start`
    to `char_end` as it stands, or, for a later part of a table, those rows under the table's
    header. `heading` is the path of the headings above all of it; for a later part of a table, its
    caption, too."""

    text: str
    heading: tuple[str, ...]
    char_start: int
    char_end: int


def split_markdown(markdown: str, tokenizer: Tokenizer, max_tokens: int) -> list[Piece]:
    """Cut a document into passages of at most `max_tokens` tokens each, in reading order.

    Tokens are counted of what is embedded, which says tables row by row (`say_tables`). Together
    the passages cover everything but headings, rules between sections, and white space. Only a
    single character that is more than `max_tokens` tokens makes a longer one.
    """
    units = units_of(markdown, tokenizer, max_tokens)
    pieces = [_piece(group, markdown) for group in divide(units, max_tokens)]
    return _within(pieces, markdown, tokenizer, max_tokens)


def _piece(units: Sequence[Unit], markdown: str) -> Piece:
    heading = _common_path([unit.path for unit in units if unit.kind is not Kind.HEADING])
    titles = 0
    while (
        units[titles].kind is Kind.HEADING
        and units[titles].path == heading[: len(units[titles].path)]
    ):
        titles += 1
    start, end = units[titles].start, units[-1].end
    text = markdown[start:end]
    if units[0].header is not None:
        header_start, header_end = units[0].header
        text = f"{markdown[header_start:header_end]}\n{text}"
    caption = units[0].caption
    if caption and heading == units[0].path and caption not in heading:
        heading = (*heading, caption)
    return Piece(text, heading, start, end)


def _common_path(paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    shortest = min(paths, key=len)
    length = len(shortest)
    while any(path[:length] != shortest[:length] for path in paths):
        length -= 1
    return shortest[:length]


def _within(
    pieces: Sequence[Piece], markdown: str, tokenizer: Tokenizer, max_tokens: int
) -> list[Piece]:
    """The pieces, those halved that are longer than their units together: some tokenizers count
    a text otherwise than its parts."""
    counts = _count_all([say_tables(piece.text) for piece in pieces], tokenizer)
    within: list[Piece] = []
    for piece, count in zip(pieces, counts, strict=True):
        if count <= max_tokens or piece.char_end - piece.char_start <= 1:
            within.append(piece)
        else:
            within += _within(list(_halves(piece, markdown)), markdown, tokenizer, max_tokens)
    return within


def _count_all(texts: Sequence[str], tokenizer: Tokenizer) -> list[int]:
    encodings = tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
    return [len(encoding.ids) for encoding in encodings]


def _halves(piece: Piece, markdown: str) -> Iterator[Piece]:
    """The piece without a repeated header, cut at the white space nearest its middle."""
    text = markdown[piece.char_start : piece.char_end]
    middle = len(text) // 2
    spaces = [at for at, character in enumerate(text) if character.isspace()]
    at = min(spaces, key=lambda space: abs(space - middle), default=middle)
    for start, end in ((0, at), (at, len(text))):
        part = text[start:end]
        if part.strip():
            first = piece.char_start + end - len(part.lstrip())
            last = piece.char_start + start + len(part.rstrip())
            yield Piece(markdown[first:last], piece.heading, first, last)
