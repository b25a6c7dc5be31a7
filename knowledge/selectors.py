"""Questions about knowledge that more than one edge asks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q, Sum

from knowledge.models import DocumentVersion


@dataclass(frozen=True)
class Progress:
    """How far a set of versions is. `passages_done` counts embedded passages."""

    live: int
    failed: int
    waiting: int
    passages_done: int
    passages_total: int

    @property
    def finished(self) -> bool:
        return self.waiting == 0


def progress_of(version_ids: Iterable[int]) -> Progress:
    """One query over the given versions."""
    row = DocumentVersion.objects.filter(pk__in=list(version_ids)).aggregate(
        live=Count("pk", filter=Q(status=DocumentVersion.Status.READY)),
        failed=Count("pk", filter=Q(status=DocumentVersion.Status.FAILED)),
        waiting=Count("pk", filter=Q(status__in=DocumentVersion.IN_PROGRESS)),
        done=Sum("progress_done", default=0),
        total=Sum("progress_total", default=0),
    )
    return Progress(row["live"], row["failed"], row["waiting"], row["done"], row["total"])
