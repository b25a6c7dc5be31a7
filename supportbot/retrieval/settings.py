"""Every part of retrieval can be switched and set; the defaults measured best."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RetrievalSettings:
    """How one search is done. The defaults answer customers; evaluation compares others."""

    dense: bool = True  # candidates by meaning
    lexical: bool = True  # candidates by words
    candidates: int = 30  # taken from each of the two
    spelling: bool = True  # misspelt words are put right before the search
    history: bool = True  # earlier turns have a say
    learned: bool = True  # the learned order; else the plain convex combination
    dense_weight: float = 0.5  # in the convex combination
    reader: bool = True  # vectors of units have a say in the order, and the best are read
    rerank: bool = True  # by a cross-encoder, where one is configured
    diversify: bool = True  # near repeats go behind what says something new
    neighbours: int = 0  # of so many of the best, the passages before and behind come along, last

    def __post_init__(self) -> None:
        if not (self.dense or self.lexical):
            raise ValueError("Without dense and lexical there are no candidates.")
        if not 1 <= self.candidates <= MOST_CANDIDATES:
            raise ValueError(f"candidates must be between 1 and {MOST_CANDIDATES}.")
        if not 0 <= self.dense_weight <= 1:
            raise ValueError("dense_weight must be between 0 and 1.")


MOST_CANDIDATES = 1000
DEFAULT = RetrievalSettings()
