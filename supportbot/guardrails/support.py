"""Support: how likely it is that a piece of a source says what a sentence says.

Two things are put together by a logistic regression: how the words of both align, and what the
small encoder makes of reading both. The encoder costs milliseconds a pair, so only the pieces that
share most with the sentence are read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from supportbot.guardrails.alignment import ALIGNMENT_FEATURES, Floats, alignment_features
from supportbot.guardrails.support_encoder import support_encoder
from supportbot.guardrails.support_model import SUPPORT_FEATURES, support_model
from supportbot.guardrails.types import Piece

# From which a sentence counts as supported. Facts are vetoes of their own, so this only has to stop
# what is about something else; chosen on sets that the weights had not seen.
THRESHOLD = 0.3
READ = 2  # pieces of a sentence
# Who speaks so tells what he does himself: “I'm filling in the form for you”.
_FIRST_PERSON = re.compile(r"(?<![\w'’-])(?:I|[Ii]ch|[Jj]e|[Jj](?=['’]))(?![\w-])")
_MISSING, _BIGRAMS = (ALIGNMENT_FEATURES.index(name) for name in ("missing_above", "bigrams"))


def support_scores(sentence: str, pieces: Sequence[Piece]) -> list[float]:
    """A calibrated probability for each piece; 0 for one that shares too little with the sentence,
    and where the sentence says “I” and the piece does not. Safe from any thread.
    """
    scores: list[float] = support_model().probabilities(support_features(sentence, pieces)).tolist()
    if _FIRST_PERSON.search(sentence):
        return [
            score if _FIRST_PERSON.search(piece.text) else 0.0
            for score, piece in zip(scores, pieces, strict=True)
        ]
    return scores


def support_features(sentence: str, pieces: Sequence[Piece]) -> Floats:
    """(pieces, SUPPORT_FEATURES); NaN for a piece that is not read."""
    features = np.full((len(pieces), len(SUPPORT_FEATURES)), np.nan)
    aligned = alignment_features(sentence, pieces)
    near = np.nan_to_num(aligned[:, _BIGRAMS] - aligned[:, _MISSING], nan=-np.inf)
    read = [n for n in np.argsort(-near, kind="stable")[:READ] if np.isfinite(near[n])]
    if read:
        logits = support_encoder().read([_as_source(pieces[n]) for n in read], sentence)
        features[read] = np.hstack([aligned[read], logits])
    return features


def _as_source(piece: Piece) -> str:
    return f"{piece.context}: {piece.text}" if piece.context else piece.text
