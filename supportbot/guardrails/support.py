"""Support: how likely it is that a piece of a source says what a sentence says."""

from __future__ import annotations

from collections.abc import Sequence

from supportbot.guardrails.alignment import alignment_features
from supportbot.guardrails.support_model import support_model
from supportbot.guardrails.types import Piece

THRESHOLD = 0.5  # from which a sentence counts as supported


def support_scores(sentence: str, pieces: Sequence[Piece]) -> list[float]:
    """A calibrated probability for each piece; 0 for one that shares too little with the sentence.

    Safe from any thread.
    """
    scores: list[float] = (
        support_model().probabilities(alignment_features(sentence, pieces)).tolist()
    )
    return scores
