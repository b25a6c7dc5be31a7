"""Two versions of a prompt, over questions that customers have asked: what each makes of them."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone

from supportbot.answers.enrich import enrich
from supportbot.answers.errors import AnswerError
from supportbot.answers.model_calls import Bill
from supportbot.answers.model_route import generate
from supportbot.answers.models import AnswerRun
from supportbot.answers.prompts import Prompt
from supportbot.answers.sentence_check import check
from supportbot.answers.spending import Payer
from supportbot.answers.types import Evidence, Question
from supportbot.configuration.content import Configuration
from supportbot.llm.routes import ModelRoute


@dataclass(frozen=True)
class Made:
    """What a prompt made of one question. `ended` is answered, no_answer, or the code of a failure;
    times are in milliseconds."""

    text: str
    kept: int
    dropped: int
    ended: str
    tokens: int
    total_ms: int


@dataclass(frozen=True)
class Compared:
    question: str
    old: Made
    new: Made


def stored_questions(most: int) -> list[str]:
    """The latest different questions that the documents had an answer to, newest first."""
    rows = AnswerRun.objects.filter(outcome=AnswerRun.Outcome.ANSWERED).order_by("-created_at")
    texts = [run.asked for run in rows.select_related("question")[: most * 4]]
    return list(dict.fromkeys(texts))[:most]


async def compare(
    questions: Sequence[str],
    prompts: tuple[Prompt, Prompt],
    route: ModelRoute,
    configuration: Configuration,
) -> list[Compared]:
    """Each question with the passages of today, answered by the same route with both prompts."""
    payer = Payer(budgets=configuration.budgets)
    compared = []
    for text in questions:
        evidence = await enrich(_question(text, timezone.localdate()), configuration, payer)
        old, new = [await _make(evidence, route, prompt, payer) for prompt in prompts]
        compared.append(Compared(text, old, new))
    return compared


def _question(text: str, day: dt.date) -> Question:
    return Question(uuid.uuid4(), uuid.uuid4(), text, (), day)


async def _make(evidence: Evidence, route: ModelRoute, prompt: Prompt, payer: Payer) -> Made:
    bill, ended, dropped = Bill(), "answered", 0
    kept: list[str] = []
    began = asyncio.get_running_loop().time()
    try:
        async for item in check(generate(evidence, route, prompt, payer, bill), evidence):
            if item.kept:
                kept.append(item.sentence.text)
            else:
                dropped += 1
    except AnswerError as error:
        ended = error.code
    took = round((asyncio.get_running_loop().time() - began) * 1000)
    tokens = bill.tokens_in + bill.tokens_out
    return Made(" ".join(kept), len(kept), dropped, ended, tokens, took)
