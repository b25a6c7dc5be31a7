"""Support: how likely it is that a piece of a source says what a sentence says.

A logistic regression over how the words of both align (alignment.py). Facts are vetoes of their own
(facts.py), so this has to stop what is added, and what is about something else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from supportbot.guardrails.alignment import alignment_features
from supportbot.guardrails.support_model import support_model
from supportbot.guardrails.types import Piece

THRESHOLD = 0.3  # from which a sentence counts as supported
# Who speaks so tells what he does himself: “I’m filling in the form for you”.
_FIRST_PERSON = re.compile(r"(?<![\w'’-])(?:I|[Ii]ch|[Jj]e|[Jj](?=['’]))(?![\w-])")


def support_scores(sentence: str, pieces: Sequence[Piece]) -> list[float]:
    """A calibrated probability for each piece; 0 for one that shares too little with the sentence,
    and where the sentence says “I” and the piece does not. Safe from any thread.
    """
    features = alignment_features(sentence, pieces)
    scores: list[float] = support_model().probabilities(features).tolist()
    if _FIRST_PERSON.search(sentence):
        return [
            score if _FIRST_PERSON.search(piece.text) else 0.0
            for score, piece in zip(scores, pieces, strict=True)
        ]
    return scores
