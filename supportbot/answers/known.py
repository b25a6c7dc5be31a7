"""Answers that are known before the documents are searched: curated ones, then cached ones.

A finder looks one up, in the order of pipeline.FINDERS. What it returns is checked and delivered
like any answer; if nothing of it passes, the next finder and then the search have their turn.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from knowledge.models import Audience, Passage
from supportbot.answers.routes import Route
from supportbot.answers.types import Evidence, Question
from supportbot.configuration.content import Configuration
from supportbot.retrieval.scope import execute
from supportbot.retrieval.search import RankedPassage, Ranking, Trace


@dataclass(frozen=True)
class Known:
    """A route that writes the known answer, and the sources it is checked against. `columns` are
    stored with the run."""

    route: Route
    evidence: Evidence
    reason: str
    columns: dict[str, Any] = field(default_factory=dict)


Finder = Callable[[Question, Configuration], Awaitable[Known | None]]


class LookUps:
    """The finders' work on one question. It may begin before it is known whether it is needed."""

    def __init__(self, finders: Sequence[Finder], configuration: Configuration) -> None:
        self._finders, self._configuration = finders, configuration
        self._tasks: list[asyncio.Future[Known | None]] = []

    def begin(self, question: Question) -> None:
        if not self._tasks:
            self._tasks = [
                asyncio.ensure_future(find(question, self._configuration)) for find in self._finders
            ]

    async def found(self, question: Question) -> AsyncGenerator[Known]:
        """What they find, in their order."""
        self.begin(question)
        for task in self._tasks:
            if (known := await task) is not None:
                yield known

    async def end(self) -> None:
        """Let go of what nobody waits for any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


# As the search reads them; a customer with a cached answer should not wait for an ORM.
_LIVE = """
SELECT p.id, d.id AS document_id, d.external_id, d.title, v.number AS version, p.heading, p.page,
       p.text, p.context, v.effective_from, v.created_at AS updated_at, p.position,
       d.source_url
FROM knowledge_passage p
JOIN knowledge_documentversion v ON v.id = p.version_id
JOIN knowledge_document d ON d.id = v.document_id
WHERE p.id = ANY(%(ids)s) AND p.published AND p.effective @> %(day)s::date
  AND p.audience = ANY(%(audiences)s)
"""


def live_passages(
    ids: Sequence[int], *, day: dt.date, reader: Audience
) -> dict[int, RankedPassage]:
    """By id, those of the passages that the reader may be served on the day."""
    audiences = [str(audience) for audience in Audience.seen_by(reader)]
    rows = execute(_LIVE, {"ids": list(ids), "day": day, "audiences": audiences})
    return {
        row.id: RankedPassage(
            **{**row._asdict(), "heading": tuple(row.heading)}, dense=0.0, lexical=0.0, score=0.0
        )
        for row in rows
    }


def ranked(passage: Passage) -> RankedPassage:
    """A passage that was not searched for: without scores."""
    version, document = passage.version, passage.version.document
    return RankedPassage(
        id=passage.pk,
        document_id=document.pk,
        external_id=document.external_id,
        title=document.title,
        version=version.number,
        heading=tuple(passage.heading),
        page=passage.page,
        text=passage.text,
        context=passage.context,
        effective_from=version.effective_from,
        updated_at=version.created_at,
        position=passage.position,
        dense=0.0,
        lexical=0.0,
        score=0.0,
        source_url=document.source_url,
    )


def evidence_of(question: Question, passages: Sequence[RankedPassage], **more: Any) -> Evidence:
    ranking = Ranking(
        tuple(passages),
        vector=np.zeros(0, dtype=np.float32),
        model="",
        answerability=1.0,
        trace=Trace(),
        searched_text=question.text,
    )
    return Evidence(question, ranking, **more)
