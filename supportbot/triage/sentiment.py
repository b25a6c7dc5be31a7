"""The sentiment of a message, and how it changes over a conversation.

`manage.py train_triage` fits the head to comments of GoEmotions (Demszky and others, 2020; short,
public, of all moods) and to messages of a shop's customers.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from knowledge.embedding.encoder import Vectors
from supportbot.manners.head import Head, read_head

FILE = Path(__file__).with_name("sentiment.json")
EXAMPLES = Path(__file__).with_name("sentiment.toml")
NEGATIVE, NEUTRAL, POSITIVE = "negative", "neutral", "positive"
LAST = 6  # messages that make the course


def sentiment_head() -> Head:
    return read_head(FILE)


def sentiments(head: Head, vectors: Vectors) -> Vectors:
    """(messages, features) → (messages,): from -1, certainly negative, to 1, certainly positive."""
    shares = head.probabilities(vectors)
    bad, good = head.classes.index(NEGATIVE), head.classes.index(POSITIVE)
    return shares[:, good] - shares[:, bad]


def course(values: Sequence[float]) -> tuple[float, float]:
    """The mood, which is the mean of the newer half of a conversation's last sentiments, and how
    much it has changed against the older half: below 0 it falls."""
    values = values[-LAST:]
    half = max(1, len(values) // 2)
    newer, older = values[-half:], values[:-half]
    mood = fmean(newer) if newer else 0.0
    return mood, mood - fmean(older) if older else 0.0
