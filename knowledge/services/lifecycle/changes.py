"""Changing documents' versions: what every step of the lifecycle does around its own part.

Versions are locked, changed, saved, served and recorded in one transaction, for one document or for
many.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from knowledge.models import Document, DocumentEvent, DocumentVersion
from knowledge.services.lifecycle import history, serving

State = DocumentVersion.State
SAVED = ("state", "effective_from", "effective_until", "audience", "published_at")


@dataclass(frozen=True)
class Step:
    """Who does a step, together with what else (`batch`), and why."""

    by: AbstractBaseUser | None = None
    batch: uuid.UUID | None = None
    note: str = ""


@dataclass(frozen=True)
class Change:
    """What happens to one document, for its history."""

    document: Document
    action: str
    step: Step
    version: DocumentVersion | None = None
    data: dict[str, Any] = field(default_factory=dict)

    def event(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> DocumentEvent:
        note = {"note": self.step.note} if self.step.note else {}
        return history.new_event(
            action=self.action,
            document=self.document,
            version=self.version,
            by=self.step.by,
            batch=self.step.batch,
            **self.data,
            before=before,
            after=after,
            **note,
        )


@contextmanager
def changing_documents(changes: Sequence[Change]) -> Iterator[list[dict[int, DocumentVersion]]]:
    """Each document's versions by number, to be changed: they are saved, served and recorded."""
    ids = [change.document.pk for change in changes]
    with transaction.atomic():
        serving.lock_for_publication()
        lock_documents(ids)
        versions: dict[int, dict[int, DocumentVersion]] = {pk: {} for pk in ids}
        for version in DocumentVersion.objects.filter(document__in=ids).defer(
            "markdown", "page_starts"
        ):
            versions[version.document_id][version.number] = version
        every = [version for siblings in versions.values() for version in siblings.values()]
        before = {version.pk: (state_of(version), version.published_at) for version in every}
        yield [versions[pk] for pk in ids]
        DocumentVersion.objects.bulk_update(
            [v for v in every if before[v.pk] != (state_of(v), v.published_at)],
            SAVED,
        )
        if displaced := set(serving.versions_without_days(*ids)):
            DocumentVersion.objects.filter(pk__in=displaced).update(state=State.RETIRED)
            for version in every:
                version.state = State.RETIRED if version.pk in displaced else version.state
        serving.serve(*ids)
        moved = [version for version in every if before[version.pk][0] != state_of(version)]
        if any(_is_shown_anew(before[version.pk][0], state_of(version)) for version in moved):
            serving.count_revision()
        _record(changes, moved, {version.pk: before[version.pk][0] for version in moved})


def _record(
    changes: Sequence[Change],
    moved: Sequence[DocumentVersion],
    before: Mapping[int, Mapping[str, Any]],
) -> None:
    """Put what has moved, of each document, into its history."""
    events: list[DocumentEvent] = []
    for change in changes:
        mine = [version for version in moved if version.document_id == change.document.pk]
        if mine:
            earlier = {str(version.number): before[version.pk] for version in mine}
            later = {str(version.number): state_of(version) for version in mine}
            events.append(change.event(earlier, later))
    touched = [event.document_id for event in events]
    Document.objects.filter(pk__in=touched).update(updated_at=timezone.now())
    DocumentEvent.objects.bulk_create(events)


def lock_documents(ids: Sequence[int]) -> None:
    # In one order everywhere, so that no two transactions wait for each other.
    list(Document.objects.select_for_update().filter(pk__in=ids).order_by("pk").values_list("pk"))


def _is_shown_anew(before: dict[str, str | None], after: dict[str, str | None]) -> bool:
    """The day that is shown with a version has changed; the days it is served on may not have."""
    are_published = before["state"] == after["state"] == State.PUBLISHED
    return are_published and before["effective_from"] != after["effective_from"]


def state_of(version: DocumentVersion) -> dict[str, str | None]:
    start, end = version.effective_from, version.effective_until
    return {
        "state": version.state,
        "audience": version.audience,
        "effective_from": start.isoformat() if start else None,
        "effective_until": end.isoformat() if end else None,
    }


def restore(version: DocumentVersion, state: dict[str, str | None]) -> None:
    start, end = state["effective_from"], state["effective_until"]
    version.state = str(state["state"])
    version.audience = str(state["audience"])
    version.effective_from = dt.date.fromisoformat(start) if start else None
    version.effective_until = dt.date.fromisoformat(end) if end else None
