"""The lifecycle of versions: draft → in review → published → retired, and back.

Every step happens in one transaction with the passages that readers see and with the document's
history, so nothing is half published, and each step can be undone from what the history holds.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from knowledge.leases import LeaseLostError
from knowledge.models import Audience, Document, DocumentEvent, DocumentVersion
from knowledge.services.ingestion.queue import wake_workers
from knowledge.services.lifecycle import history, serving, text_checks
from knowledge.services.lifecycle.changes import (
    SAVED,
    Change,
    Step,
    changing_documents,
    lock_documents,
    restore,
    state_of,
)

State, Status = DocumentVersion.State, DocumentVersion.Status
log = structlog.get_logger(__name__)


class LifecycleError(ValueError):
    """The step is not possible. `str()` is a sentence for an editor, `code` is stable."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True)
class Terms:
    """For whom and when a version is to be in effect; `effective_until` is the first day after."""

    audience: Audience
    effective_from: dt.date | None = None
    effective_until: dt.date | None = None

    @classmethod
    def of(cls, version: DocumentVersion) -> Terms:
        return cls(Audience(version.audience), version.effective_from, version.effective_until)


BY_THE_PRODUCT = Step()


def submit_for_review(*, version: DocumentVersion, step: Step = BY_THE_PRODUCT) -> None:
    """A draft is ready for somebody else's eyes. Raises LifecycleError."""
    with _changing(version, "submitted", step) as mine:
        if mine.state != State.DRAFT:
            raise LifecycleError("not_a_draft", f"Version {mine.number} is not a draft.")
        mine.state = State.IN_REVIEW


def send_back(*, version: DocumentVersion, step: Step = BY_THE_PRODUCT) -> None:
    """From review back to draft; the step's note says why. Raises LifecycleError."""
    with _changing(version, "sent_back", step) as mine:
        if mine.state != State.IN_REVIEW:
            raise LifecycleError("not_in_review", f"Version {mine.number} is not in review.")
        mine.state = State.DRAFT


def publish_version(
    *, version: DocumentVersion, terms: Terms | None = None, step: Step = BY_THE_PRODUCT
) -> None:
    """Put a version that has been read into effect, on its own terms unless others are given.

    Published versions that no day is left to are retired. Raises LifecycleError, also when later
    versions leave this one no day.
    """
    _require_embedded(version)
    with _changing(version, "published", step) as mine:
        _publish(mine, terms or Terms.of(mine))


def change_terms(*, version: DocumentVersion, terms: Terms, step: Step = BY_THE_PRODUCT) -> None:
    """Change for whom and when a version is, or will be, in effect. Raises LifecycleError."""
    with _changing(version, "changed", step) as mine:
        if mine.state == State.RETIRED:
            raise LifecycleError(
                "retired", f"Version {mine.number} is retired. Publish it again with other dates."
            )
        _set_terms(mine, terms)


def retire_version(*, version: DocumentVersion, step: Step = BY_THE_PRODUCT) -> None:
    """Take a version and its passages out of service. It is kept, and can be read in the admin.

    Earlier published versions are in effect again on the days that this one stood over them.
    """
    with _changing(version, "retired", step) as mine:
        mine.state = State.RETIRED


def roll_back(*, version: DocumentVersion, step: Step = BY_THE_PRODUCT) -> None:
    """Put an earlier version back into effect; later ones that have begun are retired.

    Versions that begin in the future stay. Raises LifecycleError, also when the version's own days
    leave out today, for then nothing would be in effect.
    """
    today = timezone.localdate()
    _require_embedded(version)
    with _changing_document(version.document, "rolled_back", step, version) as versions:
        mine = versions[version.number]
        if not _has_day(mine, today):
            raise LifecycleError(
                "not_in_effect_today",
                f"Version {mine.number} has dates that leave out today. Publish it with others.",
            )
        for later in versions.values():
            if later.number > mine.number and later.state == State.PUBLISHED:
                has_begun = later.effective_from is None or later.effective_from <= today
                later.state = State.RETIRED if has_begun else later.state
        _publish(mine, Terms.of(mine))
    version.refresh_from_db()


def undo(*, event: DocumentEvent, step: Step = BY_THE_PRODUCT) -> None:
    """Put a document's versions back to where they were before a step of the lifecycle.

    Raises LifecycleError when they have changed since, or the event was no such step.
    """
    before, after = event.data.get("before"), event.data.get("after")
    document = Document.objects.filter(pk=event.document_id).first()
    if not before or not after or document is None:
        raise LifecycleError("not_undoable", "This step cannot be undone.")
    with _changing_document(document, "undone", step, undone=event.pk) as versions:
        for number, state in after.items():
            version = versions.get(int(number))
            if version is None or state_of(version) != state:
                raise LifecycleError(
                    "changed_since",
                    f"“{document.title}” has changed since, so this cannot be undone. "
                    "Look at its versions and change them there.",
                )
        for number, state in before.items():
            restore(versions[int(number)], state)


def finish_processing(*, version: DocumentVersion) -> bool:
    """End the processing of a version, and publish it where that was decided at its upload.

    False, and nothing changed, when vectors are missing: an index became complete, or another
    document with the same text was deleted, in the meantime. Raises LeaseLostError when another
    worker has taken the version over.
    """
    finished = finish_together(versions=[version])
    if finished.lost:
        raise LeaseLostError
    version.refresh_from_db()
    return not finished.incomplete


@dataclass(frozen=True)
class Finished:
    """What became of versions by id: vectors are missing, or the lease is lost; else finished."""

    incomplete: set[int]
    lost: set[int]


def finish_together(*, versions: Sequence[DocumentVersion]) -> Finished:
    """`finish_processing` for versions of different documents, in one transaction.

    Each is published for itself; together it takes a tenth of the time of one after the other.
    """
    with transaction.atomic():
        serving.lock_for_publication()
        incomplete = serving.not_embedded([version.pk for version in versions])
        complete = {v.pk: v for v in versions if v.pk not in incomplete}
        lock_documents([version.document_id for version in complete.values()])
        ours = DocumentVersion.objects.filter(
            pk__in=complete, lease_token=versions[0].lease_token
        ).select_for_update()
        finished = set(ours.values_list("pk", flat=True))
        DocumentVersion.objects.filter(pk__in=finished).update(
            status=Status.READY,
            progress_done=F("progress_total"),
            error="",
            lease_until=None,
            lease_token=None,
        )
        _publish_as_decided([complete[pk] for pk in finished])
    return Finished(incomplete, set(complete) - finished)


def _publish_as_decided(versions: Sequence[DocumentVersion]) -> None:
    authors = get_user_model().objects.in_bulk({v.created_by_id for v in versions} - {None})
    changes = [
        Change(version.document, "published", Step(by=authors.get(version.created_by_id)), version)
        for version in versions
    ]
    with changing_documents(changes) as documents:
        for version, siblings in zip(versions, documents, strict=True):
            mine = siblings[version.number]
            is_decided = mine.publish_when_ready and mine.state in {State.DRAFT, State.IN_REVIEW}
            if not is_decided or (mine.check_first and mine.checked_at is None):
                continue
            if reason := text_checks.why_held(mine):
                hold(mine, reason)
            else:
                _publish(mine, Terms.of(mine))


def hold(version: DocumentVersion, reason: str) -> None:
    """It is not published when ready; the reason tells an editor what to do."""
    version.publish_when_ready, version.error = False, reason
    version.save(update_fields=["publish_when_ready", "error"])
    history.record(action="held", document=version.document, version=version, note=reason)
    log.info("publication_held", version=version.pk)


def _require_embedded(version: DocumentVersion) -> None:
    """Queue a version whose vectors are gone, and say so: it is never published in part."""
    if version.status != Status.READY or serving.is_embedded(version):
        return
    DocumentVersion.objects.filter(pk=version.pk, status=Status.READY).update(
        status=Status.EMBEDDING,
        publish_when_ready=False,
        attempts=0,
        step_started_at=timezone.now(),
    )
    wake_workers()
    raise LifecycleError(
        "not_embedded",
        f"Version {version.number} is being prepared for search again. Try again in a minute.",
    )


@contextmanager
def _changing(version: DocumentVersion, action: str, step: Step) -> Iterator[DocumentVersion]:
    """One version of its document, to be changed; one that is left no day thereby is refused."""
    with _changing_document(version.document, action, step, version) as versions:
        mine = versions[version.number]
        yield mine
        was_published = mine.state == State.PUBLISHED
        mine.save(update_fields=SAVED)
        if was_published and mine.pk in serving.versions_without_days(mine.document_id):
            raise LifecycleError(
                "no_days",
                f"Later versions leave version {mine.number} no day. Retire those first, "
                "or give this one other dates.",
            )
    version.refresh_from_db()


@contextmanager
def _changing_document(
    document: Document,
    action: str,
    step: Step,
    version: DocumentVersion | None = None,
    **data: Any,
) -> Iterator[dict[int, DocumentVersion]]:
    """The document's versions by number, to be changed: they are saved, served and recorded."""
    with changing_documents([Change(document, action, step, version, data)]) as (versions,):
        yield versions


def _publish(version: DocumentVersion, terms: Terms) -> None:
    if version.status != Status.READY:
        raise LifecycleError(
            "not_read", f"Version {version.number} has not been read yet, so nothing is published."
        )
    _set_terms(version, terms)
    version.state = State.PUBLISHED
    version.published_at = timezone.now()


def _set_terms(version: DocumentVersion, terms: Terms) -> None:
    start, end = terms.effective_from, terms.effective_until
    if start and end and start >= end:
        raise LifecycleError(
            "wrong_dates", "“Effective until” must be a later day than “effective from”."
        )
    version.audience = terms.audience
    version.effective_from, version.effective_until = start, end


def _has_day(version: DocumentVersion, day: dt.date) -> bool:
    start, end = version.effective_from, version.effective_until
    return (start is None or start <= day) and (end is None or day < end)
