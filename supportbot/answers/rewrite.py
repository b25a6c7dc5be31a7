"""A follow-up question → one that stands alone, written by a language model if that is enabled.
Without it, or if it fails, retrieval uses the earlier turns itself."""

from __future__ import annotations

import asyncio

import structlog

from supportbot.answers.messages import as_text
from supportbot.answers.model_calls import Bill, stream_metered
from supportbot.answers.prompts import load_prompt
from supportbot.answers.spending import Payer
from supportbot.answers.types import Question
from supportbot.configuration.content import Configuration
from supportbot.guardrails.masking import Masking
from supportbot.llm.client import Call, ModelError
from supportbot.llm.routes import ModelRoute

log = structlog.get_logger(__name__)

PROMPT = "rewrite"
SECONDS = 3.0  # a customer waits for it, however many routes are tried
TURNS = 6
LONGEST = 500  # characters; a longer reply of the model is no question


async def standalone(question: Question, configuration: Configuration, payer: Payer) -> str | None:
    """The rewritten question; None if there is no history, if rewriting is off, or if every model
    fails or takes too long."""
    if not (configuration.rewrite_questions and question.history):
        return None
    try:
        async with asyncio.timeout(SECONDS):
            for route in configuration.rewriting_routes:
                if text := await _rewritten(question, route, configuration, payer):
                    return text
    except TimeoutError:
        log.warning("question_not_rewritten", error="too slow")
    return None


async def _rewritten(
    question: Question, route: ModelRoute, configuration: Configuration, payer: Payer
) -> str | None:
    prompt = load_prompt(PROMPT, configuration.prompts)
    conversation = as_text(question.history[-TURNS:])
    masking = Masking(own=[conversation, question.text])
    said = prompt.fill("conversation", conversation=masking.mask(conversation))
    asked = prompt.fill("question", question=masking.mask(question.text))
    messages = [
        {"role": "system", "content": prompt.fill("system")},
        {"role": "user", "content": f"{said}\n\n{asked}"},
    ]
    call = Call(route, "rewrite", messages, prompt.name, prompt.hash)
    try:
        deltas = [delta async for delta in stream_metered(call, payer, Bill())]
    except ModelError as error:
        log.warning("question_not_rewritten", route=route.name, error=str(error))
        return None
    text = masking.unmask("".join(deltas).strip())
    return text if 0 < len(text) <= LONGEST else None
