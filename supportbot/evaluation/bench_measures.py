"""Times of searches, and how much of what is nearest the approximate index finds."""

from __future__ import annotations

import asyncio
import os
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from channels.db import database_sync_to_async
from django.db import connection, transaction

from knowledge.embedding.questions import forget
from knowledge.models import Audience, EmbeddingIndex
from knowledge.services.indexes.embedding_indexes import embed_questions
from supportbot.retrieval import caches
from supportbot.retrieval.languages import cached_document_languages
from supportbot.retrieval.query import analyse, combine_vectors
from supportbot.retrieval.scope import read_state
from supportbot.retrieval.search import Scope, search
from supportbot.retrieval.settings import RetrievalSettings

NEAREST = 30  # as many as a search takes by meaning
FIRST = 10
# The approximate index alone, by the product's own statement.
_BY_MEANING = RetrievalSettings(
    lexical=False, candidates=NEAREST, learned=False, rerank=False, diversify=False
)
_EXACT = """
SELECT p.id FROM knowledge_embedding e JOIN knowledge_passage p USING (text_hash)
WHERE e.index_id = %(index)s AND p.published AND p.effective @> %(as_of)s::date
  AND p.audience = ANY(%(audiences)s)
  AND (%(collections)s::bigint[] IS NULL OR p.collection_id = ANY(%(collections)s::bigint[]))
ORDER BY e.vector::halfvec({dimensions}) <=> %(vector)s::halfvec({dimensions}) LIMIT {nearest}
"""


@dataclass(frozen=True)
class Times:
    """Milliseconds of each search and, by step, of what it is made of; `seconds` of all together;
    `load` how many processes of this machine wanted a core in the last minute."""

    searches: Sequence[float]
    seconds: float
    load: float
    steps: dict[str, list[float]] = field(default_factory=dict)

    def percentile(self, percent: float) -> float:
        return round(float(np.percentile(self.searches, percent)), 2)

    def median_of(self, step: str) -> float:
        return round(float(np.median(self.steps.get(step, [0.0]))), 2)

    @property
    def per_second(self) -> float:
        return round(len(self.searches) / self.seconds, 1)


def one_client(questions: Sequence[str], scope: Scope, model: str) -> Times:
    """One question after another, with nothing kept from one to the next."""
    took: list[float] = []
    steps: defaultdict[str, list[float]] = defaultdict(list)
    began = time.perf_counter()
    for question in questions:
        _forget_all(model)
        started = time.perf_counter()
        ranking = search(question, scope=scope)
        took.append(1000 * (time.perf_counter() - started))
        for step, milliseconds in ranking.trace.milliseconds.items():
            steps[step].append(milliseconds)
    return Times(took, time.perf_counter() - began, _load(), dict(steps))


def many_clients(questions: Sequence[str], scope: Scope, model: str, clients: int) -> Times:
    """As many clients as given, each of which asks its next question when it has its answer.

    As in the web process: coroutines that search in the event loop's threads, each search with a
    connection of the pool. What a search waits for a thread is part of its time.
    """
    _forget_all(model)
    took: list[float] = []
    left = iter(questions)
    ask = database_sync_to_async(search, thread_sensitive=False)

    async def client() -> None:
        for question in left:
            started = time.perf_counter()
            await ask(question, scope=scope)
            took.append(1000 * (time.perf_counter() - started))

    async def all_clients() -> None:
        await asyncio.gather(*(client() for _ in range(clients)))

    began = time.perf_counter()
    asyncio.run(all_clients())
    return Times(took, time.perf_counter() - began, _load())


def threads() -> int:
    """Of the event loop, which serve all clients: asyncio's own number."""
    return min(32, (os.cpu_count() or 1) + 4)


@dataclass(frozen=True)
class Recall:
    """Shares of the NEAREST and of the FIRST passages by a sequential scan that are among the
    NEAREST by the product's search by meaning; `scan` is such a scan's median in ms."""

    of_nearest: float
    of_first: float
    scan: float


def recall(questions: Sequence[str], scope: Scope, index: EmbeddingIndex) -> Recall:
    """Over questions, each of which finds at least one passage."""
    nearest, first, took = [], [], []
    for question in questions:
        ranking = search(question, scope=scope, limit=NEAREST, settings=_BY_MEANING)
        found = {passage.id for passage in ranking.passages}
        started = time.perf_counter()
        exact = _nearest(question, scope, index)
        took.append(1000 * (time.perf_counter() - started))
        nearest.append(len(found.intersection(exact)) / len(exact))
        first.append(len(found.intersection(exact[:FIRST])) / len(exact[:FIRST]))
    return Recall(
        round(float(np.mean(nearest)), 4),
        round(float(np.mean(first)), 4),
        round(float(np.median(took)), 1),
    )


def _nearest(question: str, scope: Scope, index: EmbeddingIndex) -> list[int]:
    languages = cached_document_languages(read_state(scope).revision)
    texts, _ = analyse(question, (), languages)
    vector = combine_vectors(texts, embed_questions(texts.all)[1]).query
    statement = _EXACT.format(dimensions=int(index.dimensions), nearest=NEAREST)
    parameters: dict[str, Any] = {
        "index": index.pk,
        "as_of": scope.as_of,
        "audiences": [str(audience) for audience in Audience.seen_by(scope.reader)],
        "collections": list(scope.collections) if scope.collections is not None else None,
        "vector": "[" + ",".join(map(str, vector.tolist())) + "]",
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_indexscan = off")
        cursor.execute(statement, parameters)
        return [row[0] for row in cursor.fetchall()]


def _forget_all(model: str) -> None:
    caches.rankings.clear()
    forget(model)


def _load() -> float:
    return round(os.getloadavg()[0], 1)
