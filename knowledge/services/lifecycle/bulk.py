"""What an editor does with many documents at once, done by the workers.

A job is a row with the ids of its documents; workers take them one after the other, each in a
transaction with the job's own row, so that a killed worker leaves nothing half done and repeats
nothing. Everything a job does carries its id as batch, by which it is undone: by a job, too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import structlog
from celery import current_app
from django.contrib.auth.models import AbstractBaseUser
from django.db import OperationalError, transaction
from django.db.models import Prefetch
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from knowledge.models import BulkJob, Document, DocumentEvent, DocumentVersion
from knowledge.services.ingestion import documents
from knowledge.services.lifecycle import checked_publication, publishing
from knowledge.services.lifecycle.changes import Step
from knowledge.services.lifecycle.publishing import LifecycleError

log = structlog.get_logger(__name__)

Status, State = DocumentVersion.Status, DocumentVersion.State
MOST_DOCUMENTS = 1000  # in one job
WAKE_TASK = "knowledge.tasks.work_on_bulk_jobs"
UNDO = "undo"
BROKEN = "“{}” could not be changed: something unexpected went wrong. Try it on its own page."


@dataclass(frozen=True)
class Choice:
    """A document and the versions of it that would be changed; without any, the reason."""

    document: Document
    versions: list[DocumentVersion] = field(default_factory=list)
    reason: str = ""


@dataclass(frozen=True)
class BulkAction:
    """`choose` gives the versions to change, or a reason to leave the document as it is.
    `publishes`: it takes the right to publish."""

    label: str
    verb: str
    doing: str
    done: str
    choose: Callable[[Document], list[DocumentVersion] | str]
    run: Callable[[DocumentVersion, Step], object]
    consequence: str = ""
    confirmed: bool = False
    undoable: bool = False
    publishes: bool = False


def newest_of(document: Document) -> DocumentVersion | None:
    """Of a document whose versions are prefetched, newest first."""
    return next(iter(document.versions.all()), None)


def _to_publish(document: Document) -> list[DocumentVersion] | str:
    newest = newest_of(document)
    if newest is None:
        return "has no version"
    if newest.state == State.PUBLISHED:
        return "is published already"
    if newest.state == State.RETIRED:
        return "is retired; publish it again on its own page"
    return _when_read(newest)


def _when_read(newest: DocumentVersion) -> list[DocumentVersion] | str:
    if newest.status == Status.READY:
        return [newest]
    if newest.status == Status.FAILED:
        return "could not be read"
    return "was cancelled" if newest.status == Status.CANCELLED else "is not read yet"


def _to_submit(document: Document) -> list[DocumentVersion] | str:
    newest = newest_of(document)
    if newest is None or newest.state != State.DRAFT:
        return "has no draft"
    return _when_read(newest)


def _all_in_state(state: str, reason: str) -> Callable[[Document], list[DocumentVersion] | str]:
    return lambda document: [v for v in document.versions.all() if v.state == state] or reason


def _all_with_status(
    statuses: Iterable[str], reason: str
) -> Callable[[Document], list[DocumentVersion] | str]:
    wanted = set(statuses)
    return lambda document: [v for v in document.versions.all() if v.status in wanted] or reason


def _to_retry(document: Document) -> list[DocumentVersion] | str:
    newest = newest_of(document)
    if newest is not None and newest.status in {Status.FAILED, Status.CANCELLED}:
        return [newest]
    return "has not failed"


def _publish(version: DocumentVersion, step: Step) -> None:
    checked_publication.check_now(version)
    checked_publication.request_publication(version=version, step=step)


BULK: dict[str, BulkAction] = {
    "publish": BulkAction(
        label="Publish…",
        verb="Publish",
        doing="Publishing",
        done="Published",
        choose=_to_publish,
        run=_publish,
        consequence="Readers are answered from the newest version of each, on its own days.",
        confirmed=True,
        undoable=True,
        publishes=True,
    ),
    "submit": BulkAction(
        label="Submit for review",
        verb="Submit",
        doing="Submitting for review:",
        done="Submitted for review:",
        choose=_to_submit,
        run=lambda version, step: publishing.submit_for_review(version=version, step=step),
        undoable=True,
    ),
    "retire": BulkAction(
        label="Retire…",
        verb="Retire",
        doing="Retiring",
        done="Retired",
        choose=_all_in_state(State.PUBLISHED, "has nothing published"),
        run=lambda version, step: publishing.retire_version(version=version, step=step),
        consequence="Nobody is answered from them any more, also not from versions scheduled for "
        "later days. They are kept.",
        confirmed=True,
        undoable=True,
        publishes=True,
    ),
    "retry": BulkAction(
        label="Try reading again",
        verb="Try again",
        doing="Putting back in line:",
        done="Waiting to be read again:",
        choose=_to_retry,
        run=lambda version, step: documents.retry_version(version=version, by=step.by),
    ),
    "cancel": BulkAction(
        label="Cancel reading",
        verb="Cancel",
        doing="Cancelling reading of",
        done="Cancelled reading of",
        choose=_all_with_status(DocumentVersion.IN_PROGRESS, "is not being read"),
        run=lambda version, step: documents.cancel_version(version=version, by=step.by),
    ),
}


def plan(action: BulkAction, chosen: Iterable[Document]) -> list[Choice]:
    """What the action would do with each document; `chosen` has its versions prefetched."""
    choices = []
    for document in chosen:
        found = action.choose(document)
        if isinstance(found, str):
            choices.append(Choice(document, reason=found))
        else:
            choices.append(Choice(document, found))
    return choices


# -- Jobs -----------------------------------------------------------------------------------------
def start_job(*, action: str, items: Sequence[int], by: AbstractBaseUser | None) -> BulkJob:
    """Queue one of BULK for documents, or UNDO for events of the history."""
    with transaction.atomic():
        job = BulkJob.objects.create(
            action=action, items=list(items), created_by_id=by.pk if by is not None else None
        )
        wake_workers()
    return job


def wake_workers() -> None:
    """Tell the workers, once the transaction has committed, that there is a job."""
    transaction.on_commit(_wake_up, robust=True)


def _wake_up() -> None:
    try:
        current_app.send_task(WAKE_TASK, queue="default", expires=60, ignore_result=True)
    except BrokerError as error:
        log.warning("wake_up_not_sent", error=str(error))  # the sweep finds the job


def work_waits() -> bool:
    return BulkJob.objects.filter(finished_at=None).exists()


def work_on_jobs(*, seconds: float) -> bool:
    """Go on with unfinished jobs until there are none or the time is over; whether some are left
    that nobody else works on."""
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        if not _do_next():
            return False
    return work_waits()


def _do_next() -> bool:
    """Do one item of the oldest job that no other worker is at; False when there is none."""
    with transaction.atomic():
        unfinished = BulkJob.objects.filter(finished_at=None).order_by("created_at")
        job = unfinished.select_for_update(skip_locked=True, of=("self",)).first()
        if job is None:
            return False
        if job.done < job.total:
            left = _do_item(job, job.items[job.done])
            job.done += 1
            job.changed += not left
            job.left += [left] if left else []
        if job.done >= job.total:
            job.finished_at = timezone.now()
        job.save(update_fields=["done", "changed", "left", "finished_at"])
    return True


def _do_item(job: BulkJob, item: int) -> str:
    """Do it; a sentence when it was left as it was."""
    step = Step(by=job.created_by, batch=job.pk)
    try:
        with transaction.atomic():
            return _undo(item, step) if job.action == UNDO else _change(job.action, item, step)
    except OperationalError:
        raise
    except Exception:
        log.exception("bulk_item_failed", job=str(job.pk), item=item)
        titled = DocumentEvent if job.action == UNDO else Document
        return BROKEN.format(titled.objects.filter(pk=item).first() or item)


def _change(name: str, document_id: int, step: Step) -> str:
    light = DocumentVersion.objects.defer("markdown", "page_starts").select_related("document")
    found = Document.objects.prefetch_related(Prefetch("versions", light.order_by("-number")))
    document = found.filter(pk=document_id).first()
    if document is None:
        return "A document was deleted meanwhile."
    action = BULK[name]
    (choice,) = plan(action, [document])
    if not choice.versions:
        return f"“{document}” {choice.reason}."
    try:
        for version in choice.versions:
            action.run(version, step)
    except LifecycleError as error:
        return f"“{document}”: {error}"
    return ""


def _undo(event_id: int, step: Step) -> str:
    try:
        publishing.undo(event=DocumentEvent.objects.get(pk=event_id), step=step)
    except LifecycleError as error:
        return str(error)
    return ""
