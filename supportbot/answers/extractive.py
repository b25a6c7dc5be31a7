"""The extractive route: an answer made of the passages' own units, no model needed.

Whether there is an answer at all is told by retrieval (Evidence.is_answerable), which unit answers
by the reader (Ranking.reading), and what is said of them by the composer.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator

from supportbot.answers.composer import compose
from supportbot.answers.manners import regret_for
from supportbot.answers.types import Evidence, Proposed

NAME = "extractive"


async def generate(evidence: Evidence) -> AsyncGenerator[Proposed]:
    """Sentences of the answer, each with its citation; none when nothing answers."""
    if evidence.is_answerable:
        if regret := await regret_for(evidence.question):
            yield Proposed(text=regret, cited=(), form="frame")
        ranking = evidence.ranking
        for sentence in compose(ranking):
            yield sentence
