"""Tries a question on a version before publication: the stages of an answer, nothing stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from supportbot.answers import extractive_route, nearest
from supportbot.answers.deliver import sentence_to_wire, text_of
from supportbot.answers.enrich import enrich
from supportbot.answers.manners import reply_without_answer, reply_without_documents
from supportbot.answers.models import AnswerRun
from supportbot.answers.no_answer import no_answer
from supportbot.answers.sentence_check import check
from supportbot.answers.spending import Payer
from supportbot.answers.threads import in_thread
from supportbot.answers.types import Checked, Choice, Evidence, Question, Reply
from supportbot.answers.validate import validate
from supportbot.configuration.current import current_content
from supportbot.retrieval.search import Ranking

Outcome = AnswerRun.Outcome


@dataclass(frozen=True)
class Trial:
    """The answer a customer would get: `text` is all of it, `sentences` those with citations.
    `outcome` is one of AnswerRun.Outcome."""

    evidence: Evidence
    sentences: tuple[Checked, ...]
    outcome: str
    text: str
    choices: tuple[Choice, ...] = ()


async def try_question(question: Question) -> Trial:
    """Answer by the extractive route, under the same checks as any answer. Raises AnswerError."""
    question = await validate(question)
    if reply := await reply_without_documents(question):
        nothing = Evidence(question, Ranking((), np.zeros(0, dtype=np.float32), ""))
        return Trial(nothing, (), reply.outcome, reply.text, reply.choices)
    configuration = await in_thread(current_content)()
    evidence = await enrich(question, configuration, Payer(budgets=configuration.budgets))
    checked = check(extractive_route.generate(evidence), evidence)
    kept = tuple([sentence async for sentence in checked if sentence.kept])
    if kept:
        return Trial(evidence, kept, Outcome.ANSWERED, _text(kept))
    if reply := await reply_without_answer(question):
        return Trial(evidence, (), reply.outcome, reply.text, reply.choices)
    reply = no_answer(evidence, extractive_route.NAME)
    checked = check(nearest.generate(evidence), evidence)
    near = tuple([sentence async for sentence in checked if sentence.kept])
    return Trial(evidence, near, reply.outcome, _text(near) or reply.text, reply.choices)


def _text(kept: Sequence[Checked]) -> str:
    sentences = tuple(sentence_to_wire(one) for one in kept)
    return text_of(Reply(extractive_route.NAME, sentences))
