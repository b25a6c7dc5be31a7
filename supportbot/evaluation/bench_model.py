"""A real model's sentences under the check: how many a customer would read, and how soon.

The questions are answered from the documents that are there, by the product's own stages; the
model is that of an address, or else the first route of the configuration. Nothing is cached, and no
budget for the first sentence ends an answer, so a slow small model shows all that it writes.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.conf import settings
from django.utils import timezone
from pydantic import ValidationError

from supportbot.answers import model_route
from supportbot.answers.enrich import enrich
from supportbot.answers.errors import AnswerError
from supportbot.answers.model_calls import Bill
from supportbot.answers.prompts import load_prompt
from supportbot.answers.sentence_check import check
from supportbot.answers.spending import Payer
from supportbot.answers.types import Checked, Evidence, Question
from supportbot.configuration.content import Configuration
from supportbot.configuration.current import current_content
from supportbot.evaluation.report import EvaluationError, Figure, Report, Table
from supportbot.guardrails.types import Verdict
from supportbot.llm.routes import ModelRoute, Timeouts

ANSWERS = 100
# A small model on a few cores reads a prompt for a while before its first word.
PATIENCE = Timeouts(first_token=120, between_tokens=60, total=300)
ANSWERED, RESTING = "answered", "resting"

Say = Callable[[str], None]


@dataclass
class Answer:
    """What became of one question. `ended` is ANSWERED or the code of an error; seconds from the
    call of the model on; `first` is of the first sentence that a customer may read."""

    question: str
    sentences: list[Checked] = field(default_factory=list)
    ended: str = ANSWERED
    first: float | None = None
    total: float = 0.0

    @property
    def shown(self) -> int:
        return sum(sentence.kept for sentence in self.sentences)

    def as_json(self) -> dict[str, Any]:
        """For a person who reads whether what was kept is right."""
        return {
            "question": self.question,
            "ended": self.ended,
            "first_seconds": self.first,
            "total_seconds": self.total,
            "sentences": [
                {
                    "verdict": str(one.verdict),
                    "reason": one.reason,
                    "model": one.replaced or one.sentence.text,
                    "shown": one.sentence.text if one.kept else "",
                    "quotes": [cited["quote"] for cited in one.citations],
                }
                for one in self.sentences
            ],
        }


def run(questions: Sequence[str], *, url: str, model: str, most: int, say: Say) -> Report:
    """Ask until `most` questions were put to the model; those that the documents do not answer are
    left out, as customers' are. Raises EvaluationError."""
    configuration = current_content()
    route = _route(configuration, url, model)
    answers: list[Answer] = []
    asking = _ask_all(questions, route, configuration, most)
    try:
        asyncio.run(_collect(asking, answers, say))
    except KeyboardInterrupt:
        say("Stopped. This is what was asked until now.")
    if not answers:
        raise EvaluationError("The documents that are there answer none of the questions.")
    return Report(
        [_counts(answers), _times(answers), _reasons(answers)],
        notes=[
            f"{route.model} at {route.base_url or 'api.openai.com'}; {len(answers)} questions that "
            "the documents answer, one after the other.",
            "Softened: the source's own sentence took the place of the model's. --predictions "
            "writes each sentence with its verdict and quotes.",
        ],
        predictions=[answer.as_json() for answer in answers],
    )


def _route(configuration: Configuration, url: str, model: str) -> ModelRoute:
    if url:
        key = "OPENAI_API_KEY" if settings.OPENAI_API_KEY else ""
        try:
            return ModelRoute(
                name="bench",
                base_url=url,
                model=model,
                key=key,
                context_tokens=settings.MODEL_CONTEXT_TOKENS,
                timeouts=PATIENCE,
            )
        except ValidationError as error:
            raise EvaluationError("Name a server with --url and its model with --model.") from error
    enabled = [route for route in configuration.routes if route.enabled]
    if not enabled:
        raise EvaluationError("No model is configured. Name a server with --url and --model.")
    return enabled[0].model_copy(update={"timeouts": PATIENCE})


async def _collect(asking: AsyncIterator[Answer], answers: list[Answer], say: Say) -> None:
    async for answer in asking:
        answers.append(answer)
        say(f"{len(answers)} questions asked")


async def _ask_all(
    questions: Sequence[str], route: ModelRoute, configuration: Configuration, most: int
) -> AsyncIterator[Answer]:
    payer, asked = Payer(budgets=configuration.budgets), 0
    for text in questions:
        if asked == most:
            break
        question = Question(None, None, text, (), timezone.localdate())
        evidence = await enrich(question, configuration, payer)
        if evidence.is_answerable:
            answer = await _ask(evidence, route, configuration, payer)
            if answer.ended == RESTING:  # the server has failed too often to be asked again
                break
            asked += 1
            yield answer


async def _ask(
    evidence: Evidence, route: ModelRoute, configuration: Configuration, payer: Payer
) -> Answer:
    prompt = load_prompt(model_route.PROMPT, configuration.prompts)
    answer, began = Answer(evidence.question.text), time.perf_counter()
    proposed = model_route.generate(evidence, route, prompt, payer, Bill())
    try:
        async for sentence in check(proposed, evidence):
            answer.sentences.append(sentence)
            if sentence.kept and answer.first is None:
                answer.first = time.perf_counter() - began
    except AnswerError as error:
        answer.ended = error.code
    answer.total = time.perf_counter() - began
    return answer


def _counts(answers: Sequence[Answer]) -> Table:
    verdicts = Counter(one.verdict for answer in answers for one in answer.sentences)
    written = max(1, verdicts.total())
    rows: list[list[Figure]] = [
        [str(verdict), verdicts[verdict], verdicts[verdict] / written]
        for verdict in (Verdict.KEEP, Verdict.SOFTEN, Verdict.DROP)
    ]
    nothing = sum(not answer.shown for answer in answers)
    return Table(
        "Sentences of the model",
        ["became", "count", "share"],
        [*rows, ["answers with nothing to show (of all answers)", nothing, nothing / len(answers)]],
    )


def _times(answers: Sequence[Answer]) -> Table:
    firsts = [answer.first for answer in answers if answer.first is not None]
    totals = [answer.total for answer in answers]
    return Table(
        "Seconds from the call of the model",
        ["until", "answers", "p50", "p95"],
        [_percentiles("the first checked sentence", firsts), _percentiles("the end", totals)],
    )


def _percentiles(name: str, seconds: Sequence[float]) -> list[Figure]:
    if not seconds:
        return [name, 0, None, None]
    return [name, len(seconds), *(float(np.percentile(seconds, part)) for part in (50, 95))]


def _reasons(answers: Sequence[Answer]) -> Table:
    """Why sentences were stopped, and how answers ended that were not completed."""
    stopped = Counter(
        one.reason for answer in answers for one in answer.sentences if one.verdict != Verdict.KEEP
    )
    ended = Counter(answer.ended for answer in answers if answer.ended != ANSWERED)
    rows: list[list[Figure]] = [
        ["sentence", reason, count] for reason, count in stopped.most_common()
    ]
    rows += [["answer", code, count] for code, count in ended.most_common()]
    return Table("Why stopped", ["what", "reason", "count"], rows)
