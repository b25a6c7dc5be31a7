"""An honest no: the nearest topics as choices, each once, and a person."""

from __future__ import annotations

from dataclasses import replace

from supportbot.answers.models import AnswerRun
from supportbot.answers.no_answer import (
    MIN_COSINE,
    MOST_TOPICS,
    TEXT,
    TEXT_WITH_TOPICS,
    no_answer,
)
from supportbot.answers.types import Evidence
from supportbot.retrieval.search import RankedPassage
from tests.answers.passages import evidence


def passages(*found: tuple[int, str, float]) -> Evidence:
    """(document, last heading, cosine) each."""
    given = evidence("x")
    (one,) = given.passages
    several: list[RankedPassage] = [
        replace(one, document_id=document, heading=(heading,) if heading else (), dense=dense)
        for document, heading, dense in found
    ]
    return replace(given, ranking=replace(given.ranking, passages=tuple(several)))


def labels(given: Evidence) -> list[str]:
    return [choice.label for choice in no_answer(given, "extractive").choices]


def test_the_nearest_topics_are_offered_each_document_once() -> None:
    given = passages((1, "Refunds", 0.6), (1, "Exchanges", 0.5), (2, "Delivery", 0.4))
    assert labels(given) == ["Refunds", "Delivery"]
    reply = no_answer(given, "extractive")
    assert reply.text == TEXT_WITH_TOPICS
    assert reply.outcome == AnswerRun.Outcome.NO_ANSWER
    assert reply.offer_handover


def test_a_topic_of_two_documents_is_offered_once() -> None:
    assert labels(passages((1, "Refunds", 0.6), (2, "refunds", 0.5))) == ["refunds"]


def test_what_is_far_off_is_no_topic() -> None:
    reply = no_answer(passages((1, "Refunds", MIN_COSINE - 0.01)), "extractive")
    assert reply.choices == ()
    assert reply.text == TEXT


def test_there_are_few_topics() -> None:
    many = [(number, f"Topic {number}", 0.5) for number in range(MOST_TOPICS + 3)]
    assert len(labels(passages(*many))) == MOST_TOPICS


def test_a_heading_as_long_as_a_sentence_is_no_label() -> None:
    assert labels(passages((1, "Why " * 30, 0.5))) == []
