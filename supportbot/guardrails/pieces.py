"""Sources → the pieces that a sentence is compared with."""

from __future__ import annotations

import functools
import itertools

from knowledge.text.units import units_of
from supportbot.guardrails.statements import statement_of
from supportbot.guardrails.types import Piece, Source


@functools.lru_cache(maxsize=1024)
def pieces_of(source: Source) -> tuple[Piece, ...]:
    """One for each unit, in reading order."""
    return tuple(
        Piece(source.number, position, unit, source.context)
        for position, unit in enumerate(units_of(source.text))
    )


@functools.lru_cache(maxsize=1024)
def pairs_of(source: Source) -> tuple[Piece, ...]:
    """One for each two neighbours in the same paragraph or list."""
    pieces = pieces_of(source)
    return tuple(
        Piece(source.number, first.position, first.unit, source.context, second.unit)
        for first, second in itertools.pairwise(pieces)
        if not (first.unit.cells or second.unit.cells)
    )


def coverage(sentence: str, piece: Piece) -> float:
    """Share of the sentence's content words and numbers that the piece has; those of its context
    count half."""
    said, written = statement_of(sentence), statement_of(piece.text)
    above = statement_of(piece.context).content if piece.context else frozenset()
    numbers = len(said.quantities)
    total = len(said.content) + numbers
    if not total:
        return 0.0
    own = said.content & written.content
    own_numbers = sum(any(q.equals(p) for p in written.quantities) for q in said.quantities)
    return (len(own) + own_numbers + 0.5 * len((said.content & above) - own)) / total
