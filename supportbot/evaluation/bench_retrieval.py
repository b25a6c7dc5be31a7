"""A question to ranked passages: over the documents that are there, or over as many as wanted."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils import timezone

from knowledge.embedding.encoder import get_encoder
from knowledge.models import Audience, Collection, EmbeddingIndex, Passage
from knowledge.progress import Line
from knowledge.services.indexes import hnsw
from knowledge.services.indexes.embedding_indexes import get_active_index
from supportbot.evaluation.bench_corpus import (
    Maker,
    embed_documents,
    load_all_questions,
    load_documents,
)
from supportbot.evaluation.bench_database import scratch_database
from supportbot.evaluation.bench_load import Loaded, Place, load
from supportbot.evaluation.bench_measures import (
    FIRST,
    NEAREST,
    Times,
    many_clients,
    one_client,
    recall,
    threads,
)
from supportbot.evaluation.questions import load_questions
from supportbot.evaluation.report import EvaluationError, Figure, Report, Table
from supportbot.retrieval.caches import clear_caches
from supportbot.retrieval.search import Scope
from supportbot.warmup import stay_loaded

ROUNDS = 200
PASSAGES = (10_000, 100_000, 300_000)
LEAST_PASSAGES = 100  # of which one makes a hundredth
REAL_PASSAGES = 3000
QUESTIONS = 400  # asked by one client, and by many together
WARM_UP = 50  # others, before
RECALL_QUESTIONS = 100
CLIENTS = (1, 8, 32)
_MEBIBYTE = 2**20
_SIZES = """
SELECT pg_database_size(current_database()), pg_relation_size('embedding_hnsw_{index}'),
       pg_relation_size('passage_terms')
"""

Say = Callable[[str], None]
Row = list[Figure]


def run_here() -> dict[str, float | int | str]:
    """Times in ms for one client over what is there, with the demo's questions and nothing kept;
    `embedding_share` is what the question's vector takes."""
    questions = load_questions(None)
    today = timezone.localdate()
    scope = Scope(as_of=today, reader=Audience.PUBLIC)
    model = get_active_index().model
    one_client(questions[:1], scope, model)
    stay_loaded()  # as in the web process
    times = one_client(list(islice(cycle(questions), ROUNDS)), scope, model)
    return {
        "passages": Passage.objects.live(today).count(),
        "questions": len(questions),
        "embedding_p50_ms": times.median_of("embedding"),
        "search_p50_ms": times.percentile(50),
        "search_p95_ms": times.percentile(95),
        "embedding_share": times.median_of("embedding") / times.percentile(50),
    }


def run(data: Path, passages: Sequence[int], *, say: Say) -> Report:
    """The same search at each number of passages, in a database of its own, with all and with one
    in a hundred of them; its times for one client and for many, and the approximate index's recall.

    Raises BadDatasetError and EvaluationError.
    """
    if min(passages) < LEAST_PASSAGES:
        raise EvaluationError(f"Give --passages numbers from {LEAST_PASSAGES} up.")
    questions = load_all_questions(data)
    active = EmbeddingIndex.objects.filter(state=EmbeddingIndex.State.ACTIVE).first()
    model = active.model if active is not None else settings.EMBEDDING_MODEL
    tables = _Tables()
    with scratch_database(say):
        place = prepare(model)
        documents = load_documents(data, min(REAL_PASSAGES, max(passages)))
        corpus = embed_documents(documents, model, shown())
        maker, loaded = Maker(corpus), Loaded()
        for number in sorted(set(passages)):
            load(place, maker, loaded, passages=number, show=shown())
            tables.add_loaded(loaded, len(corpus), place.index)
            _measure(tables, questions, place, loaded, say)
    return tables.report(len(questions), len(corpus))


def prepare(model: str) -> Place:
    index = EmbeddingIndex.objects.create(
        model=model,
        dimensions=get_encoder(model).dimensions,
        state=EmbeddingIndex.State.ACTIVE,
        activated_at=timezone.now(),
    )
    hnsw.create(index)
    large, small = (Collection.objects.create(name=name) for name in ("large", "small"))
    return Place(index, large, small)


def _scopes(place: Place) -> Iterator[tuple[str, Scope]]:
    """What may be read, in words: all; a hundredth by its collection; and by its audience, which
    no index of its own helps with."""
    today = timezone.localdate()
    yield "none", Scope(as_of=today, reader=Audience.INTERNAL)
    small = [place.small.pk]
    yield "1% by collection", Scope(as_of=today, reader=Audience.INTERNAL, collections=small)
    yield "1% by audience", Scope(as_of=today, reader=Audience.PUBLIC)


def _measure(
    tables: _Tables, questions: Sequence[str], place: Place, loaded: Loaded, say: Say
) -> None:
    model = place.index.model
    clear_caches()  # documents came in without a publication
    asked, warm_up = questions[:QUESTIONS], questions[QUESTIONS:][:WARM_UP] or questions[:1]
    stay_loaded()  # as in the web process
    for filter_, scope in _scopes(place):
        say(f"{loaded.passages} passages, filter: {filter_}")
        one_client(warm_up, scope, model)
        tables.add_times(loaded.passages, filter_, one_client(asked, scope, model))
        found = recall(questions[:RECALL_QUESTIONS], scope, place.index)
        tables.recall.append(
            [loaded.passages, filter_, found.of_nearest, found.of_first, found.scan]
        )
    _, everything = next(_scopes(place))
    for clients in CLIENTS:
        say(f"{loaded.passages} passages, {clients} clients")
        many_clients(warm_up, everything, model, clients)
        tables.add_clients(
            loaded.passages, clients, many_clients(asked, everything, model, clients)
        )


@dataclass
class _Tables:
    """The rows of each table."""

    loaded: list[Row] = field(default_factory=list)
    times: list[Row] = field(default_factory=list)
    clients: list[Row] = field(default_factory=list)
    recall: list[Row] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)

    def add_loaded(self, loaded: Loaded, real: int, index: EmbeddingIndex) -> None:
        with connection.cursor() as cursor:
            cursor.execute(_SIZES.format(index=int(index.pk)))
            sizes = [round(size / _MEBIBYTE, 1) for size in cursor.fetchone()]
        real = min(real, loaded.passages)
        seconds = [round(loaded.seconds, 1), round(loaded.index_seconds, 1)]
        self.loaded.append([loaded.passages, real, loaded.in_small, *seconds, *sizes])

    def add_times(self, passages: int, filter_: str, times: Times) -> None:
        embedding = times.median_of("embedding")
        whole = times.percentile(50)
        self.steps = list(times.steps)
        steps = [times.median_of(step) for step in self.steps]
        totals = [whole, times.percentile(95), round(embedding / whole, 2)]
        self.times.append([passages, filter_, *totals, *steps, times.load])

    def add_clients(self, passages: int, clients: int, times: Times) -> None:
        percentiles = [times.percentile(50), times.percentile(95)]
        self.clients.append([passages, clients, times.per_second, *percentiles, times.load])

    def report(self, questions: int, real: int) -> Report:
        asked = min(QUESTIONS, questions)
        return Report(
            [
                Table(
                    "One client, ms (steps are medians)",
                    ["passages", "filter", "p50", "p95", "embedding's share", *self.steps, "load"],
                    self.times,
                ),
                Table(
                    "Clients at once, ms",
                    ["passages", "clients", "searches/s", "p50", "p95", "load"],
                    self.clients,
                ),
                Table(
                    f"{NEAREST} passages by meaning: how many of a sequential scan's first",
                    [
                        *("passages", "filter", f"recall@{NEAREST}"),
                        *(f"its first {FIRST} among them", "scan's p50 ms"),
                    ],
                    self.recall,
                ),
                Table(
                    "What was put in",
                    [
                        *("passages", "real", "in the 1%", "seconds", "of them indexes"),
                        *("database MB", "vector index MB", "word index MB"),
                    ],
                    self.loaded,
                ),
            ],
            notes=_notes(asked, real),
        )


def _notes(asked: int, real: int) -> list[str]:
    return [
        f"{asked} questions of the data, each with an empty cache of rankings and of vectors, "
        f"after {WARM_UP} others; recall over {min(asked, RECALL_QUESTIONS)} of them.",
        f"Passages: {real} of the data's own with the model's vectors; each further one has parts "
        "of the texts of two of them, and as its vector the mean of theirs with noise.",
        "Put in with COPY; indexes made afterwards by the product's definitions; then VACUUM "
        "ANALYZE.",
        f"Clients are coroutines of one process, as in the web process: {threads()} threads search "
        f"for all of them, on {os.cpu_count()} cores that PostgreSQL shares, with at most "
        f"{settings.DATABASES['default']['OPTIONS']['pool']['max_size']} connections. What a "
        "search waits for a thread is part of its time.",
        "load: processes that wanted a core in the last minute, this one's and PostgreSQL's among "
        "them; far above the cores, other programs took part of the time.",
    ]


def shown() -> Callable[[str, float], None]:
    """A line of progress on standard error."""
    line = Line(sys.stderr)

    def show(text: str, share: float) -> None:
        line.show(text, share)
        if share >= 1:
            line.end()

    return show
