"""Headings of documents, as customers would ask for what stands below them."""

from __future__ import annotations

import pytest

from supportbot.answers.heading_questions import question_of

WORDS = ["cancel", "change", "changes", "skip", "clean", "Collection"]


@pytest.mark.parametrize(
    ("heading", "question"),
    [
        ("Do you ship abroad?", "Do you ship abroad?"),
        ("How long you have", "How long do I have?"),
        ("How long you have to decide", "How long do I have to decide?"),
        ("1. How long the warranty lasts", "How long does the warranty last?"),
        ("How to reach us", "How do I reach you?"),
        ("Where to find the number", "Where do I find the number?"),
        ("What it costs to send something back", "What does it cost to send something back?"),
        ("What we cannot send abroad", "What can you not send abroad?"),
        ("What is not covered", "What is not covered?"),
        ("When points expire", "When do points expire?"),
        ("When points can be spent", "When can points be spent?"),
        ("Who gets free Express", "Who gets free Express?"),
        ("If your payment is declined", "What if my payment is declined?"),
        ("Changing your address", "How do I change my address?"),
        ("Changing, skipping or cancelling", "How do I change, skip or cancel?"),
        ("5. Cleaning", "How do I clean the Ingle Duo?"),
        ("Duties and taxes", "Duties and taxes"),
        # Half a question makes no button, and neither does what only its document makes clear.
        ("What to do", ""),
        ("Collecting in a store", ""),
        ("Exception: large items", ""),
        ("Rates from 1 January", ""),
        ("All that you ever wanted to know about the delivery of large items", ""),
    ],
)
def test_a_heading_becomes_a_question(heading: str, question: str) -> None:
    assert question_of(heading, "Ingle Duo: manual", WORDS, "en") == question


def test_headings_in_other_languages_stay_as_they_are() -> None:
    assert question_of("Wie lange Sie Zeit haben", "Rückgabe", [], "de-AT")
    assert question_of("Lieferung", "Versand", [], "de") == "Lieferung"
