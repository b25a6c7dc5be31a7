"""A question to a version before it is published: the stages of an answer, with nothing stored."""

from __future__ import annotations

from dataclasses import dataclass

from supportbot.answers import extractive
from supportbot.answers.check import check
from supportbot.answers.enrich import enrich
from supportbot.answers.types import Checked, Evidence, Question
from supportbot.answers.validate import validate


@dataclass(frozen=True)
class Trial:
    """What a reader would be told; no sentences when there is no answer."""

    evidence: Evidence
    sentences: tuple[Checked, ...]


async def try_question(question: Question) -> Trial:
    """Answer by the extractive route, under the same checks as any answer. Raises AnswerError."""
    evidence = await enrich(await validate(question))
    checked = check(extractive.generate(evidence), evidence)
    return Trial(evidence, tuple([sentence async for sentence in checked if sentence.kept]))
