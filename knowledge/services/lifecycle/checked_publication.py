"""Publication that waits until the content has been checked.

What an editor puts in, or publishes, is first compared with everything its readers may be answered
from. When a contradiction is found it stays a draft and says why; somebody who has seen the warning
can publish it then. The queue is the table of versions: `awaiting_check`.
"""

from __future__ import annotations

import structlog
from django.db import OperationalError, transaction
from django.db.models import QuerySet

from knowledge.models import DocumentVersion, VersionWarning
from knowledge.services.ingestion.queue import wake_workers
from knowledge.services.lifecycle import (
    content_checks,
    history,
    publishing,
    serving,
    text_checks,
)
from knowledge.services.lifecycle.changes import Step, lock_documents
from knowledge.services.lifecycle.publishing import LifecycleError, Terms

State, Status = DocumentVersion.State, DocumentVersion.Status
log = structlog.get_logger(__name__)

NOT_CHECKED = (
    "Not published: its content could not be checked against other documents. Look at it yourself, "
    "then publish it all the same; and tell whoever runs supportbot."
)


def request_publication(
    *, version: DocumentVersion, terms: Terms | None = None, step: Step
) -> bool:
    """Publish a version that has been checked, and any other once it has been.

    Returns whether it is published now. Raises LifecycleError as `publish_version` does.
    """
    is_draft = version.state in {State.DRAFT, State.IN_REVIEW}
    is_looked_at = version.checked_at is not None or version.error == NOT_CHECKED
    if is_looked_at or version.status != Status.READY or not is_draft:
        publishing.publish_version(version=version, terms=terms, step=step)
        DocumentVersion.objects.filter(pk=version.pk).update(error="")
        return True
    with transaction.atomic():
        if terms is not None and terms != Terms.of(version):
            publishing.change_terms(version=version, terms=terms, step=step)
        DocumentVersion.objects.filter(pk=version.pk).update(
            publish_when_ready=True, check_first=True, publisher_id=getattr(step.by, "pk", None)
        )
        history.record(
            action="publication_requested",
            document=version.document,
            version=version,
            by=step.by,
            batch=step.batch,
        )
        wake_workers()
    version.refresh_from_db()
    return False


def publish_checked() -> int:
    """Check what waits for it, and publish what contradicts nothing; returns how many were dealt
    with. Two workers at once check twice and publish once."""
    waiting = DocumentVersion.objects.awaiting_check().defer("markdown", "page_starts")
    dealt_with = 0
    for version in waiting.select_related("document", "created_by", "publisher").order_by("pk"):
        try:
            if version.checked_at is None:
                content_checks.check_version(version)
        except OperationalError:
            raise
        except Exception:
            log.exception("content_not_checked", version=version.pk)
            _hold(version, NOT_CHECKED)
        else:
            _publish_or_hold(version)
        dealt_with += 1
    return dealt_with


def check_now(version: DocumentVersion) -> None:
    """Check a version that has not been yet. Raises LifecycleError when it contradicts others."""
    if version.checked_at is None:
        content_checks.check_version(version)
        version.refresh_from_db(fields=["checked_at"])
        if reason := _why_held(version):
            raise LifecycleError("contradicts", reason)


def _publish_or_hold(version: DocumentVersion) -> None:
    with transaction.atomic():
        serving.lock_for_publication()
        lock_documents([version.document_id])
        still_waits = DocumentVersion.objects.awaiting_check().filter(pk=version.pk)
        if not still_waits.exclude(checked_at=None).exists():
            return  # somebody else was faster, or it is being read anew
        reason = _why_held(version)
        if not reason:
            try:
                by = version.publisher or version.created_by
                publishing.publish_version(version=version, step=Step(by=by))
            except LifecycleError as error:
                if error.code == "not_embedded":  # it comes back when it is
                    mine = DocumentVersion.objects.filter(pk=version.pk)
                    mine.update(publish_when_ready=True)
                    return
                reason = str(error)
        if reason:
            _hold(version, reason)


@transaction.atomic
def _hold(version: DocumentVersion, reason: str) -> None:
    waiting = DocumentVersion.objects.awaiting_check().filter(pk=version.pk)
    if waiting.update(publish_when_ready=False, error=reason):
        history.record(action="held", document=version.document, version=version, note=reason)
        log.info("publication_held", version=version.pk)


def _why_held(version: DocumentVersion) -> str:
    """A sentence, or nothing. What the version in effect says already stops no new one."""
    if reason := text_checks.why_held(version):
        return reason
    mine = _contradictions(version.warnings.exclude(other__version=version.pk))
    published = VersionWarning.objects.filter(
        version__document=version.document_id, version__state=State.PUBLISHED
    )
    count = len(mine - _contradictions(published))
    if count == 0:
        return ""
    places = "1 passage contradicts" if count == 1 else f"{count} passages contradict"
    return (
        f"Not published: {places} another document that is in effect. Look at the warnings; then "
        "correct one of the two, or publish this version all the same."
    )


def _contradictions(warnings: QuerySet[VersionWarning]) -> set[tuple[bytes, bytes]]:
    """The hashes of the two texts, of those that nobody has dismissed."""
    rows = warnings.filter(code=content_checks.CONTRADICTION, dismissed_at=None).values_list(
        "passage__text_hash", "other__text_hash"
    )
    return {(bytes(mine), bytes(other)) for mine, other in rows if mine and other}
