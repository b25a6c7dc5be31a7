"""Questions are cleaned, and what holds no words is refused in words."""

from __future__ import annotations

import dataclasses

import pytest

from supportbot.answers.errors import ValidateError
from supportbot.answers.validate import validate
from tests.answers.passages import evidence

QUESTION = evidence().question


async def test_white_space_becomes_single_spaces() -> None:
    asked = dataclasses.replace(QUESTION, text="  May\tI\n\n return\u00a0it ? ")
    cleaned = await validate(asked)
    assert cleaned.text == "May I return it ?"
    assert dataclasses.replace(cleaned, text=asked.text) == asked


@pytest.mark.parametrize("text", ["?", "👋🏽", "🤷‍♀️ !!", "…", " "])
async def test_a_message_without_words_is_refused(text: str) -> None:
    with pytest.raises(ValidateError) as caught:
        await validate(dataclasses.replace(QUESTION, text=text))
    assert (caught.value.code, caught.value.retryable) == ("no_words", False)
    assert "words" in caught.value.text


@pytest.mark.parametrize("text", ["退货？", "A", "42", "أريد", "👋 hi"])
async def test_words_of_any_script_are_words(text: str) -> None:
    assert (await validate(dataclasses.replace(QUESTION, text=text))).text == text
