"""The lifecycle of versions: draft → in review → published → retired, and back.

Every step happens in one transaction with the passages that readers see and with the document's
history, so nothing is half published, and each step can be undone from what the history holds.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from knowledge.models import Audience, Document, DocumentEvent, DocumentVersion
from knowledge.services import history, serving
from knowledge.services.processing import LeaseLostError, wake_workers

State, Status = DocumentVersion.State, DocumentVersion.Status
_LIFECYCLE = ("state", "effective_from", "effective_until", "audience")


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


@dataclass(frozen=True)
class Step:
    """Who does a step, together with what else (`batch`), and why."""

    by: AbstractBaseUser | None = None
    batch: uuid.UUID | None = None
    note: str = ""


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
            if version is None or _state_of(version) != state:
                raise LifecycleError(
                    "changed_since",
                    f"“{document.title}” has changed since, so this cannot be undone. "
                    "Look at its versions and change them there.",
                )
        for number, state in before.items():
            _restore(versions[int(number)], state)


def finish_processing(*, version: DocumentVersion) -> bool:
    """End the processing of a version, and publish it where that was decided at its upload.

    False, and nothing changed, when vectors are missing: an index became complete, or another
    document with the same text was deleted, in the meantime. Raises LeaseLostError when another
    worker has taken the version over.
    """
    with transaction.atomic():
        serving.lock_for_publication()
        if not serving.is_embedded(version):
            return False
        changed = DocumentVersion.objects.filter(
            pk=version.pk, lease_token=version.lease_token
        ).update(
            status=Status.READY,
            progress_done=version.progress_total,
            error="",
            lease_until=None,
            lease_token=None,
        )
        if not changed:
            raise LeaseLostError
        _publish_as_decided(version)
    version.refresh_from_db()
    return True


def _publish_as_decided(version: DocumentVersion) -> None:
    author = Step(by=version.created_by)
    with _changing_document(version.document, "published", author, version) as versions:
        mine = versions[version.number]
        if mine.publish_when_ready and mine.state in {State.DRAFT, State.IN_REVIEW}:
            _publish(mine, Terms.of(mine))


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
        mine.save(update_fields=[*_LIFECYCLE, "published_at"])
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
    with transaction.atomic():
        serving.lock_for_publication()
        Document.objects.select_for_update().get(pk=document.pk)
        versions = {v.number: v for v in document.versions.defer("markdown", "page_starts")}
        before = {number: _state_of(v) for number, v in versions.items()}
        yield versions
        for changed in versions.values():
            changed.save(update_fields=[*_LIFECYCLE, "published_at"])
        displaced = set(serving.versions_without_days(document.pk))
        DocumentVersion.objects.filter(pk__in=displaced).update(state=State.RETIRED)
        for changed in versions.values():
            changed.state = State.RETIRED if changed.pk in displaced else changed.state
        serving.serve(document.pk)
        after = {number: _state_of(v) for number, v in versions.items()}
        moved = [number for number in versions if before[number] != after[number]]
        if any(_is_shown_anew(before[number], after[number]) for number in moved):
            serving.count_revision()
        if moved:
            Document.objects.filter(pk=document.pk).update(updated_at=timezone.now())
            data["before"] = {str(number): before[number] for number in moved}
            data["after"] = {str(number): after[number] for number in moved}
            note = {"note": step.note} if step.note else {}
            history.record(
                action=action,
                document=document,
                version=version,
                by=step.by,
                batch=step.batch,
                **data,
                **note,
            )


def _is_shown_anew(before: dict[str, str | None], after: dict[str, str | None]) -> bool:
    """The day that is shown with a version has changed; the days it is served on may not have."""
    are_published = before["state"] == after["state"] == State.PUBLISHED
    return are_published and before["effective_from"] != after["effective_from"]


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


def _state_of(version: DocumentVersion) -> dict[str, str | None]:
    start, end = version.effective_from, version.effective_until
    return {
        "state": version.state,
        "audience": version.audience,
        "effective_from": start.isoformat() if start else None,
        "effective_until": end.isoformat() if end else None,
    }


def _restore(version: DocumentVersion, state: dict[str, str | None]) -> None:
    start, end = state["effective_from"], state["effective_until"]
    version.state = str(state["state"])
    version.audience = str(state["audience"])
    version.effective_from = dt.date.fromisoformat(start) if start else None
    version.effective_until = dt.date.fromisoformat(end) if end else None
