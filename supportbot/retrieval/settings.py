"""The switches and settings of one search. The defaults measured best."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RetrievalSettings:
    """How one search is done. Customers get the defaults; evaluation compares others."""

    dense: bool = True  # generate candidates by meaning
    lexical: bool = True  # generate candidates by words
    candidates: int = 30  # from each of the two
    spelling: bool = True  # correct misspelt words first
    history: bool = True  # give earlier turns some weight
    learned: bool = True  # the learned ranking; else the plain convex combination
    dense_weight: float = 0.5  # in the convex combination
    reader: bool = True  # rank by unit vectors too, and read the best passages
    rerank: bool = True  # by a cross-encoder, if one is configured
    diversify: bool = True  # move near repeats behind passages that say something new
    neighbours: int = 0  # add the passages before and after so many of the best, at the end

    def __post_init__(self) -> None:
        if not (self.dense or self.lexical):
            raise ValueError("Without dense and lexical there are no candidates.")
        if not 1 <= self.candidates <= MAX_CANDIDATES:
            raise ValueError(f"candidates must be between 1 and {MAX_CANDIDATES}.")
        if not 0 <= self.dense_weight <= 1:
            raise ValueError("dense_weight must be between 0 and 1.")


MAX_CANDIDATES = 1000
DEFAULT = RetrievalSettings()
