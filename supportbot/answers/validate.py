"""Validate: may this question be answered at all? Later checks (budget, injection, personal data)
belong here, each as a plain function like the one below."""

from __future__ import annotations

import dataclasses
import re

from supportbot.answers.errors import ValidateError
from supportbot.answers.order_day import day_of_order
from supportbot.answers.types import Question


async def validate(question: Question) -> Question:
    """The cleaned question, as of the day of the order if it names one. Raises ValidateError if
    there is nothing to search for."""
    text = re.sub(r"\s+", " ", question.text).strip()
    if not re.search(r"\w", text):
        raise ValidateError(
            code="no_words",
            text="I can only answer questions in words. Please write what you would like to know.",
        )
    as_of = day_of_order(text, question.as_of) or question.as_of
    return dataclasses.replace(question, text=text, as_of=as_of)
