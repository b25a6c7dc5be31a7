"""The reply when the documents have no answer, with topics that they do cover."""

from __future__ import annotations

from supportbot.answers.models import AnswerRun
from supportbot.answers.types import Choice, Evidence, Reply

MOST_TOPICS = 3
MIN_COSINE = 0.25  # of a passage to the question; topics of passages further off are not offered
LABEL_CHARACTERS = 60

TEXT = "I could not find an answer to that in our documents. Would you like to talk to a person?"
TEXT_WITH_TOPICS = (
    "I could not find an answer to that in our documents. These topics come close, "
    "or you can talk to a person."
)


def no_answer(evidence: Evidence, route: str) -> Reply:
    """Says that there is no answer, and offers the nearest topics and a person."""
    topics = nearest_topics(evidence)
    return Reply(
        route=route,
        complete=True,
        text=TEXT_WITH_TOPICS if topics else TEXT,
        outcome=AnswerRun.Outcome.NO_ANSWER,
        choices=topics,
        offer_handover=True,
    )


def nearest_topics(evidence: Evidence) -> tuple[Choice, ...]:
    """The headings of the nearest passages, one for each document."""
    topics: dict[int, Choice] = {}
    for passage in evidence.passages:
        if passage.dense < MIN_COSINE or passage.document_id in topics:
            continue
        label = passage.heading[-1] if passage.heading else passage.title
        if label and len(label) <= LABEL_CHARACTERS:
            topics[passage.document_id] = Choice(label, label)
    different = {choice.label.casefold(): choice for choice in topics.values()}
    return tuple(different.values())[:MOST_TOPICS]
