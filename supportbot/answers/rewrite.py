"""A follow-up question → one that stands alone, written by the language model if that is enabled.
Without it, or if it fails, retrieval uses the earlier turns itself."""

from __future__ import annotations

import asyncio

import structlog
from django.conf import settings

from supportbot.answers.prompts import load_prompt
from supportbot.answers.types import Question
from supportbot.llm.client import Completion, ModelError, is_configured, stream_completion

log = structlog.get_logger(__name__)

PROMPT = "rewrite"
SECONDS = 3.0  # a customer waits for it
TURNS = 6
LONGEST = 500  # characters; a longer reply of the model is no question
_NAMES = {"customer": "Customer", "bot": "Assistant", "agent": "Agent"}


async def standalone(question: Question) -> str | None:
    """The rewritten question; None if there is no history, if rewriting is off, or if the model
    fails or takes too long."""
    if not (settings.REWRITE_QUESTIONS and is_configured() and question.history):
        return None
    conversation = "\n".join(
        f"{_NAMES[turn.author]}: {turn.text}"
        for turn in question.history[-TURNS:]
        if turn.author in _NAMES
    )
    prompt = load_prompt(PROMPT).fill(conversation=conversation, question=question.text)
    completion = Completion([{"role": "user", "content": prompt}], operation="rewrite")
    try:
        async with asyncio.timeout(SECONDS):
            text = "".join([delta async for delta in stream_completion(completion)]).strip()
    except (ModelError, TimeoutError) as error:
        log.warning("question_not_rewritten", error=str(error) or type(error).__name__)
        return None
    return text if 0 < len(text) <= LONGEST else None
