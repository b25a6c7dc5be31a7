"""A question to a version before it is published: the stages of an answer, with nothing stored."""

from __future__ import annotations

from dataclasses import dataclass

from supportbot.answers import extractive
from supportbot.answers.check import check
from supportbot.answers.enrich import enrich
from supportbot.answers.models import AnswerRun
from supportbot.answers.types import Checked, Choice, Evidence, Question
from supportbot.answers.validate import validate

Outcome = AnswerRun.Outcome


@dataclass(frozen=True)
class Trial:
    """What a reader would be told: `text` in all, `sentences` those with citations. `outcome` is
    one of AnswerRun.Outcome."""

    evidence: Evidence
    sentences: tuple[Checked, ...]
    outcome: str
    text: str
    choices: tuple[Choice, ...] = ()


async def try_question(question: Question) -> Trial:
    """Answer by the extractive route, under the same checks as any answer. Raises AnswerError."""
    evidence = await enrich(await validate(question))
    checked = check(extractive.generate(evidence), evidence)
    kept = tuple([sentence async for sentence in checked if sentence.kept])
    text = " ".join(one.sentence.text for one in kept)
    outcome = Outcome.ANSWERED if kept else Outcome.NO_ANSWER
    return Trial(evidence, kept, outcome, text)
