"""What a question asks for."""

from __future__ import annotations

import pytest

from supportbot.reader.answer_types import AnswerType, answer_type


@pytest.mark.parametrize(
    "question",
    [
        "contact number",
        "what's your phone number?",
        "email",
        "can I call someone",
        "how do i get hold of you",
        "is there a number I can ring",
        "customer service email address",
    ],
)
def test_who_wants_to_reach_somebody_asks_for_a_contact(question: str) -> None:
    assert answer_type(question) is AnswerType.CONTACT


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("do u do phone insurance", AnswerType.YES_NO),
        ("how much is a new phone", AnswerType.MONEY),
        ("how do i change my email", AnswerType.HOW_TO),
        ("my phone is broken", AnswerType.ANYTHING),
    ],
)
def test_a_question_about_a_phone_or_an_email_asks_for_no_contact(
    question: str, wanted: AnswerType
) -> None:
    assert answer_type(question) is wanted


@pytest.mark.parametrize(
    "question", ["if i delete the app is my account closed", "if it rains, can I swap it?"]
)
def test_a_condition_before_the_question_changes_nothing(question: str) -> None:
    assert answer_type(question) is AnswerType.YES_NO
