"""The extractive route: an answer made of the passages' own units, without a language model.

Retrieval decides whether there is an answer (Evidence.is_answerable), the reader scores the units
(Ranking.reading), and the composer chooses and words the sentences.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator

from supportbot.answers.composer import compose
from supportbot.answers.manners import regret_for
from supportbot.answers.types import Evidence, Proposed

NAME = "extractive"


async def generate(evidence: Evidence) -> AsyncGenerator[Proposed]:
    """The sentences of the answer, each with its citation; none if nothing answers."""
    if evidence.is_answerable:
        if regret := await regret_for(evidence.question):
            yield Proposed(text=regret, cited=(), form="frame")
        ranking = evidence.ranking
        for sentence in compose(ranking):
            yield sentence
