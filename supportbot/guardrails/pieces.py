"""Sources → the pieces that a sentence is compared with."""

from __future__ import annotations

import functools
from dataclasses import replace

from knowledge.text.units import units_of
from supportbot.guardrails.statements import statement_of
from supportbot.guardrails.types import Piece, Source
from supportbot.guardrails.words import LIGHT_STEMS


@functools.lru_cache(maxsize=1024)
def pieces_of(source: Source) -> tuple[Piece, ...]:
    """One for each unit, in reading order."""
    return tuple(
        Piece(source.number, position, unit, source.context)
        for position, unit in enumerate(units_of(source.text))
    )


@functools.lru_cache(maxsize=1024)
def pairs_of(source: Source) -> tuple[Piece, ...]:
    """One for each two units that are at most APART apart, neighbours first; of two rows none."""
    pieces = pieces_of(source)
    return tuple(
        Piece(source.number, one.position, one.unit, source.context, other.unit, other.position)
        for distance in range(1, APART + 1)
        for one, other in map(_row_first, zip(pieces, pieces[distance:], strict=False))
        if not other.unit.cells
    )


APART = 4  # units of one source that may be read together


def _row_first(pair: tuple[Piece, Piece]) -> tuple[Piece, Piece]:
    return (pair[1], pair[0]) if pair[1].unit.cells and not pair[0].unit.cells else pair


def own_share(sentence: str, piece: Piece) -> float:
    """Share of the sentence's content words and numbers that the piece has without its context."""
    return coverage(sentence, replace(piece, context=""))


def coverage(sentence: str, piece: Piece) -> float:
    """Share of the sentence's content words, light ones aside, and numbers that the piece has;
    those of its context count half."""
    said, written = statement_of(sentence), statement_of(piece.text)
    above = statement_of(piece.context).content if piece.context else frozenset()
    numbers = len(said.quantities)
    content = said.content - LIGHT_STEMS or said.content
    total = len(content) + numbers
    if not total:
        return 0.0
    own = content & written.content
    own_numbers = sum(any(q.equals(p) for p in written.quantities) for q in said.quantities)
    return (len(own) + own_numbers + 0.5 * len((content & above) - own)) / total
