"""The proof that nothing stale is served: everything served is in effect, and the other way round.

It reads what readers are served and computes anew what they should be, in a few statements over one
snapshot of the database, so that a publication under way is no false alarm. The days in effect are
computed in other words than `serving` stores them, so that an error there shows here.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from knowledge.models import DocumentVersion, EmbeddingIndex, FreshnessCheck
from knowledge.services.indexes import search_entries
from knowledge.services.ingestion.queue import wake_workers
from knowledge.services.lifecycle import freshness_statements as sql
from knowledge.services.lifecycle import serving

SAMPLED_ENTRIES = 2000  # search entries computed anew, unless all are asked for
KEPT_PROBLEMS = 200  # in a stored report
KEPT_FOR = dt.timedelta(days=7)

_SERVING = {"not_published", "wrong_days", "wrong_audience", "not_whole", "two_in_effect"}
_VECTORS = {"no_vector", "bad_vector"}
_ENTRIES = {"search_entry", "term_counts"}


@dataclass(frozen=True)
class Problem:
    """What is wrong with passages of one version; `passages` are the ids of the first of them.
    Without a document it concerns all that is served."""

    code: str
    document_id: int | None
    document: str
    version: int
    passages: tuple[int, ...]
    rows: int
    index: str = ""

    @property
    def text(self) -> str:
        what = sql.PROBLEMS[self.code][0].format(index=self.index)
        if self.document_id is None:
            return f"{what}: {self.rows:,}."
        passages = "1 passage is" if self.rows == 1 else f"{self.rows:,} passages are"
        return f"“{self.document}”, version {self.version}: {passages} {what}."

    @property
    def remedy(self) -> str:
        return sql.PROBLEMS[self.code][1]


@dataclass(frozen=True)
class Figures:
    """What was looked at. `vectors` maps an index to its texts that served passages have;
    `orphans` are vectors of texts that stand in no passage, which no search can reach."""

    documents: int
    versions: int
    passages: int
    vectors: dict[str, int]
    orphans: int


@dataclass(frozen=True)
class FreshnessReport:
    started_at: dt.datetime
    duration_ms: int
    figures: Figures
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        return not self.problems

    @property
    def problem_rows(self) -> int:
        return sum(problem.rows for problem in self.problems)

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "ok": self.ok,
            "started_at": self.started_at.isoformat(),
            "duration_ms": self.duration_ms,
            "figures": asdict(self.figures),
            "problem_rows": self.problem_rows,
            "problems": [
                {**asdict(problem), "text": problem.text, "remedy": problem.remedy}
                for problem in self.problems
            ],
        }


def check_freshness(*, every_entry: bool = False) -> FreshnessReport:
    """Prove it, or say what is wrong and where. Changes nothing.

    Search entries are computed anew for a sample, or for all (half a minute for 100,000 passages).
    Inside a transaction of the caller's it sees what that transaction sees, statement by statement.
    """
    started_at, began = timezone.now(), time.monotonic()
    sample = None if every_entry else SAMPLED_ENTRIES
    with _one_snapshot():
        indexes = list(EmbeddingIndex.objects.complete().order_by("pk"))
        problems = [
            *_problems(_rows(sql.SERVED_AS_PUBLISHED)),
            *_problems(_rows(sql.TWO_IN_EFFECT)),
            *_problems(_rows(sql.WHOLE)),
            *_problems(_rows_of("altered", search_entries.find_altered())),
            *_problems(_rows_of("search_entry", search_entries.find_wrong_entries(sample))),
            *_wrong_counts(),
            *_vector_problems(indexes),
        ]
        figures = _figures(indexes)
    duration_ms = round((time.monotonic() - began) * 1000)
    return FreshnessReport(started_at, duration_ms, figures, tuple(problems))


def record_check(*, every_entry: bool = False) -> FreshnessReport:
    """Check, and keep the result for the admin and the metric; old results go."""
    report = check_freshness(every_entry=every_entry)
    stored = report.as_dict()
    stored["problems"] = stored["problems"][:KEPT_PROBLEMS]
    FreshnessCheck.objects.create(
        ok=report.ok,
        problem_rows=report.problem_rows,
        report=stored,
        duration_ms=report.duration_ms,
        started_at=report.started_at,
    )
    FreshnessCheck.objects.filter(started_at__lt=report.started_at - KEPT_FOR).delete()
    return report


def repair(report: FreshnessReport) -> None:
    """Put right what needs no file to be read again: days, audience and vectors. Idempotent."""
    if any(problem.code in _ENTRIES for problem in report.problems):
        search_entries.repair_entries()
    of_documents = [(p, p.document_id) for p in report.problems if p.document_id is not None]
    for document_id in {document_id for p, document_id in of_documents if p.code in _SERVING}:
        with transaction.atomic():
            serving.lock_for_publication()
            serving.serve(document_id)
    versions = {(document_id, p.version) for p, document_id in of_documents if p.code in _VECTORS}
    if versions:
        with transaction.atomic(), connection.cursor() as cursor:
            serving.lock_for_indexes()
            cursor.execute(sql.USELESS_VECTORS)
    for document_id, number in versions:
        # It stays served meanwhile; the worker embeds what has no vector.
        DocumentVersion.objects.filter(
            document_id=document_id, number=number, status=DocumentVersion.Status.READY
        ).update(
            status=DocumentVersion.Status.EMBEDDING, attempts=0, step_started_at=timezone.now()
        )
        wake_workers()


@contextmanager
def _one_snapshot() -> Iterator[None]:
    is_nested = connection.in_atomic_block
    with transaction.atomic():
        if not is_nested:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


Row = tuple[int, str, int, list[int]]


def _rows(statement: str, parameters: Any = None) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[Row] = cursor.fetchall()
        return rows


def _problems(rows: Sequence[Row], index: str = "") -> Iterator[Problem]:
    """With the names that people know the versions by, in their order."""
    named = DocumentVersion.objects.filter(pk__in={row[0] for row in rows}).values_list(
        "pk", "document_id", "document__title", "number"
    )
    names = {pk: (document, title, number) for pk, document, title, number in named}
    known = [row for row in rows if row[0] in names]  # all of them, in one snapshot
    for version, code, count, ids in sorted(known, key=lambda row: (names[row[0]][1:], row[1])):
        document_id, title, number = names[version]
        yield Problem(code, document_id, title, number, tuple(ids), count, index)


def _vector_problems(indexes: Iterable[EmbeddingIndex]) -> Iterator[Problem]:
    active = False
    for index in indexes:
        active = active or index.state == EmbeddingIndex.State.ACTIVE
        parameters = {"index": index.pk, "dimensions": index.dimensions}
        yield from _problems(_rows(sql.VECTORS_OF, parameters), str(index))
    if not active:
        yield from _problems(_rows(sql.ALL_SERVED))


def _rows_of(code: str, passages: Mapping[int, Sequence[int]]) -> list[Row]:
    return [
        (version, code, len(ids), list(ids[: sql.NAMED_PASSAGES]))
        for version, ids in passages.items()
    ]


def _wrong_counts() -> Iterator[Problem]:
    if wrong := search_entries.count_wrong_terms():
        yield Problem("term_counts", None, "", 0, (), wrong)


def _figures(indexes: Iterable[EmbeddingIndex]) -> Figures:
    with connection.cursor() as cursor:
        cursor.execute(sql.FIGURES)
        documents, versions, passages = cursor.fetchone()
        vectors = {}
        for index in indexes:
            cursor.execute(sql.TEXTS, [index.pk])
            vectors[f"{index}, {index.get_state_display().lower()}"] = cursor.fetchone()[0]
        cursor.execute(sql.ORPHANS)
        return Figures(documents, versions, int(passages), vectors, cursor.fetchone()[0])
