"""What an editor can do with many documents at once.

First it is worked out for each document what would be done, or why nothing would; that is what the
confirmation shows. Everything done together carries one batch id, by which it is undone.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from knowledge.admin import listing
from knowledge.models import Document, DocumentVersion
from knowledge.services import documents, publishing
from knowledge.services.document_changes import Step
from knowledge.services.publishing import LifecycleError

Status, State = DocumentVersion.Status, DocumentVersion.State
MOST_DOCUMENTS = 1000  # in one request; each is a transaction of its own
LISTED = 50  # titles that a confirmation names


@dataclass(frozen=True)
class Choice:
    """A document and the versions of it that would be changed; without any, the reason."""

    document: Document
    versions: list[DocumentVersion] = field(default_factory=list)
    reason: str = ""


@dataclass(frozen=True)
class BulkAction:
    """`choose` gives the versions to change, or a reason to leave the document as it is."""

    label: str
    verb: str
    done: str
    choose: Callable[[Document], list[DocumentVersion] | str]
    run: Callable[[DocumentVersion, Step], object]
    consequence: str = ""
    confirmed: bool = False
    undoable: bool = False


def _to_publish(document: Document) -> list[DocumentVersion] | str:
    newest = listing.newest_of(document)
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
    newest = listing.newest_of(document)
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
    newest = listing.newest_of(document)
    if newest is not None and newest.status in {Status.FAILED, Status.CANCELLED}:
        return [newest]
    return "has not failed"


BULK: dict[str, BulkAction] = {
    "publish": BulkAction(
        label="Publish…",
        verb="Publish",
        done="Published",
        choose=_to_publish,
        run=lambda version, step: publishing.publish_version(version=version, step=step),
        consequence="Readers are answered from the newest version of each, on its own days.",
        confirmed=True,
        undoable=True,
    ),
    "submit": BulkAction(
        label="Submit for review",
        verb="Submit",
        done="Submitted for review:",
        choose=_to_submit,
        run=lambda version, step: publishing.submit_for_review(version=version, step=step),
        undoable=True,
    ),
    "retire": BulkAction(
        label="Retire…",
        verb="Retire",
        done="Retired",
        choose=_all_in_state(State.PUBLISHED, "has nothing published"),
        run=lambda version, step: publishing.retire_version(version=version, step=step),
        consequence="Nobody is answered from them any more, also not from versions scheduled for "
        "later days. They are kept.",
        confirmed=True,
        undoable=True,
    ),
    "retry": BulkAction(
        label="Try reading again",
        verb="Try again",
        done="Waiting to be read again:",
        choose=_to_retry,
        run=lambda version, step: documents.retry_version(version=version, by=step.by),
    ),
    "cancel": BulkAction(
        label="Cancel reading",
        verb="Cancel",
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


def describe_plan(choices: list[Choice]) -> dict[str, Any]:
    """The counts and names that a confirmation shows."""
    today = timezone.localdate()
    versions = [version for choice in choices for version in choice.versions]
    changed = [choice.document for choice in choices if choice.versions]
    later = sum(1 for v in versions if v.effective_from and v.effective_from > today)
    return {
        "changed": changed[:LISTED],
        "count": len(changed),
        "more": max(0, len(changed) - LISTED),
        "left": Counter(choice.reason for choice in choices if not choice.versions).most_common(),
        "left_count": sum(1 for choice in choices if not choice.versions),
        "audiences": Counter(str(v.get_audience_display()) for v in versions).most_common(),
        "versions": len(versions),
        "later": later,
        "replacing": sum(1 for one in changed if listing.in_effect_of(one, today)),
        "warned": sum(1 for one in changed if getattr(one, "open_warnings", 0)),
    }


@dataclass
class Outcome:
    """How many documents were changed, and a sentence on each that was not."""

    batch: uuid.UUID
    count: int = 0
    left: list[str] = field(default_factory=list)


def carry_out(action: BulkAction, choices: Iterable[Choice], step: Step) -> Outcome:
    """Do it document by document; one that cannot be changed does not stop the others."""
    outcome = Outcome(step.batch or uuid.uuid4())
    for choice in choices:
        if not choice.versions:
            outcome.left.append(f"“{choice.document}” {choice.reason}.")
            continue
        try:
            for version in choice.versions:
                action.run(version, step)
        except LifecycleError as error:
            outcome.left.append(f"“{choice.document}”: {error}")
        else:
            outcome.count += 1
    return outcome
