"""Questions about knowledge that more than one edge asks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, F, Q, Sum

from knowledge.models import DocumentVersion

Status = DocumentVersion.Status
RECENT = 200  # versions that the speed is measured on
# A version that was published so long after its passages were there was waiting for a person.
SLOWEST = dt.timedelta(seconds=2)  # for each passage, and
GRACE = dt.timedelta(minutes=1)


@dataclass(frozen=True)
class Progress:
    """How far a set of versions is. `passages_done` counts embedded passages."""

    live: int
    failed: int
    waiting: int
    passages_done: int
    passages_total: int
    bytes_split: int = 0
    bytes_waiting: int = 0  # of files that are not split yet, so nobody knows their passages

    @property
    def finished(self) -> bool:
        return self.waiting == 0

    @property
    def passages_left(self) -> float:
        """With a guess for files that are not split yet: as many for a byte as in the others."""
        per_byte = self.passages_total / self.bytes_split if self.bytes_split else 0.0
        return self.passages_total - self.passages_done + self.bytes_waiting * per_byte


def progress_of(version_ids: Iterable[int]) -> Progress:
    """One query over the given versions."""
    unsplit = Q(status__in=[Status.QUEUED, Status.SPLITTING])
    row = DocumentVersion.objects.filter(pk__in=list(version_ids)).aggregate(
        live=Count("pk", filter=Q(status=Status.READY)),
        failed=Count("pk", filter=Q(status=Status.FAILED)),
        waiting=Count("pk", filter=Q(status__in=DocumentVersion.IN_PROGRESS)),
        done=Sum("progress_done", default=0),
        total=Sum("progress_total", default=0),
        bytes_split=Sum("size", filter=Q(progress_total__gt=0), default=0),
        bytes_waiting=Sum("size", filter=unsplit, default=0),
    )
    return Progress(
        live=row["live"],
        failed=row["failed"],
        waiting=row["waiting"],
        passages_done=row["done"],
        passages_total=row["total"],
        bytes_split=row["bytes_split"],
        bytes_waiting=row["bytes_waiting"],
    )


# -- estimates --------------------------------------------------------------------------------
@dataclass(frozen=True)
class Speed:
    """Of all workers together while they worked, by the versions that were published last."""

    passages_per_second: float
    passages_per_byte: float


def recent_speed() -> Speed | None:
    """None when nothing was published that could tell."""
    rows = (
        DocumentVersion.objects.filter(
            publish_when_ready=True,
            progress_total__gt=0,
            size__gt=0,
            step_started_at__isnull=False,
            published_at__gt=F("step_started_at"),
        )
        .order_by("-published_at")
        .values_list("step_started_at", "published_at", "progress_total", "size")[:RECENT]
    )
    measured = [
        (start, end, passages, size)
        for start, end, passages, size in rows
        if start and end and end - start < GRACE + SLOWEST * passages
    ]
    if not measured:
        return None
    passages = sum(row[2] for row in measured)
    busy = _length([(row[0], row[1]) for row in measured])
    return Speed(passages / max(busy, 0.001), passages / sum(row[3] for row in measured))


def _length(spans: list[tuple[dt.datetime, dt.datetime]]) -> float:
    """Seconds that at least one of the spans covers: versions are embedded side by side."""
    seconds, covered_until = 0.0, None
    for start, end in sorted(spans):
        begin = start if covered_until is None else max(start, covered_until)
        if end > begin:
            seconds += (end - begin).total_seconds()
            covered_until = end
    return seconds


def estimate_seconds(version: DocumentVersion) -> float | None:
    """How long until the version is read; None when it is, or when nobody can know."""
    return estimates().get(version.pk)


def estimates() -> dict[int, float]:
    """By version id, for all in progress: the time for it and for what is done before it.

    Empty while there is no measured speed to go by.
    """
    speed = recent_speed()
    if speed is None:
        return {}
    waiting = DocumentVersion.objects.in_progress().order_by("size", "pk")
    left, found = 0.0, dict[int, float]()
    for pk, status, size, done, total in waiting.values_list(
        "pk", "status", "size", "progress_done", "progress_total"
    ):
        is_split = status == Status.EMBEDDING
        left += total - done if is_split else size * speed.passages_per_byte
        found[pk] = left / speed.passages_per_second
    return found


def describe_seconds(seconds: float) -> str:
    """“a few seconds”, “about 40 seconds”, “about 3 minutes”, “about 2 hours”."""
    minute, hour = 60, 3600
    if seconds < minute / 8:
        return "a few seconds"
    if seconds < 1.5 * minute:
        return f"about {5 * round(seconds / 5)} seconds"
    if seconds < 1.5 * hour:
        return f"about {round(seconds / minute)} minutes"
    return f"about {round(seconds / hour)} hours"
