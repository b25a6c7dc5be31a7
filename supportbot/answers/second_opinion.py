"""A second opinion on sentences of models that nothing speaks against, and that the product's own
check does not find borne out: by a model for grounding, or by a language model with the purpose
“judge”. Without either, or if they fail or take too long, the product's own check stands.
"""

from __future__ import annotations

import asyncio
import dataclasses
import re
import secrets
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import structlog
from django.conf import settings

from supportbot.answers.model_calls import Bill, stream_metered
from supportbot.answers.prompts import load_prompt
from supportbot.answers.spending import Payer
from supportbot.configuration.content import Configuration
from supportbot.guardrails import grounding_model
from supportbot.guardrails.check import Judgement
from supportbot.guardrails.masking import Masking
from supportbot.guardrails.types import Source, Verdict
from supportbot.llm.client import Call, ModelError
from supportbot.llm.routes import ModelRoute, Purpose

log = structlog.get_logger(__name__)

PROMPT = "judge"
SECONDS = 3.0  # a customer waits for it
MOST = 8  # sentences of one answer
LIKELY = 0.5  # probability of the model for grounding from which a sentence is supported
BY_MODEL, BY_JUDGE = "supported_by_model", "supported_by_judge"
_YES = re.compile(r"\W*yes\b", re.IGNORECASE)

# A sentence and its source → why it is supported, and how surely; None: it is not.
Opinion = tuple[str, float | None]
SecondOpinion = Callable[[str, Source], Awaitable[Opinion | None]]

# One sentence at a time, on a thread of its own: a slow model holds up no search.
_thread = ThreadPoolExecutor(1, "grounding")


def second_opinion_of(configuration: Configuration, payer: Payer) -> SecondOpinion | None:
    """For one answer; None if nobody is there to ask."""
    judges = configuration.routes_for(Purpose.JUDGE)
    if not (judges or grounding_model.is_configured()):
        return None
    asked = 0

    async def opinion(sentence: str, source: Source) -> Opinion | None:
        nonlocal asked
        asked += 1
        if asked > MOST:
            return None
        try:
            async with asyncio.timeout(SECONDS):
                if found := await _by_model(sentence, source):
                    return found
                for route in judges:
                    supports = await _asked(route, sentence, source, configuration, payer)
                    if supports is not None:
                        return (BY_JUDGE, None) if supports else None
        except TimeoutError:
            log.warning("no_second_opinion", error="too slow")
        return None

    return opinion


async def reconsidered(
    judgement: Judgement, sentence: str, sources: tuple[Source, ...], opinion: SecondOpinion
) -> Judgement:
    """The judgement, or one that keeps the sentence if only support was wanting and the second
    opinion finds it in the nearest source. What a fact speaks against stays stopped."""
    if not (judgement.wants_only_support and judgement.piece):
        return judgement
    found = await opinion(sentence, sources[judgement.piece.source])
    if found is None:
        return judgement
    reason, score = found
    score = judgement.score if score is None else score
    return dataclasses.replace(judgement, verdict=Verdict.KEEP, reason=reason, score=score)


async def _by_model(sentence: str, source: Source) -> Opinion | None:
    if not grounding_model.is_configured():
        return None
    found = asyncio.get_running_loop().run_in_executor(
        _thread, grounding_model.probability_of_support, sentence, source
    )
    try:
        async with asyncio.timeout(settings.GROUNDING_BUDGET_MS / 1000):
            probability = await found
    except TimeoutError:
        log.warning("grounding_model_out_of_time")
        return None
    return (BY_MODEL, probability) if probability is not None and probability >= LIKELY else None


async def _asked(
    route: ModelRoute, sentence: str, source: Source, configuration: Configuration, payer: Payer
) -> bool | None:
    """What the judge says; None if it fails."""
    prompt = load_prompt(PROMPT, configuration.prompts)
    mark = secrets.token_hex(4)
    passage = f"{source.context}\n{source.text}" if source.context else source.text
    known = prompt.fill("knowledge", mark=mark, passage=passage)
    masked = Masking(own=(), public=[passage]).mask(sentence)
    asked = prompt.fill("question", mark=mark, sentence=masked)
    messages = [
        {"role": "system", "content": prompt.fill("system", mark=mark)},
        {"role": "user", "content": f"{known}\n\n{asked}"},
    ]
    call = Call(route, "judge", messages, prompt.name, prompt.hash)
    try:
        said = "".join([delta async for delta in stream_metered(call, payer, Bill())])
    except ModelError as error:
        log.warning("judge_failed", route=route.name, error=str(error))
        return None
    return bool(_YES.match(said))
