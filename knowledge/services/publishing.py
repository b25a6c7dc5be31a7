"""Making a version the one that customers are served, and taking it away again.

Everything a reader can see changes in one transaction: the old text or the new, never both.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone

from knowledge.models import Document, DocumentVersion, Passage
from knowledge.services.processing import LeaseLostError

State = DocumentVersion.State


@transaction.atomic
def publish_version(*, version: DocumentVersion) -> None:
    """Publish a version whose passages are all embedded.

    The document's other published versions give way where their dates overlap: one that lasts
    longer is in effect again from the day this one ends, one that began earlier ends on the day
    this one starts, and any other is retired.
    Raises LeaseLostError when another worker has taken the version over.
    """
    Document.objects.select_for_update().get(pk=version.document_id)
    changed = DocumentVersion.objects.filter(pk=version.pk, lease_token=version.lease_token).update(
        status=DocumentVersion.Status.READY,
        state=State.PUBLISHED,
        published_at=timezone.now(),
        progress_done=version.progress_total,
        error="",
        lease_until=None,
        lease_token=None,
    )
    if not changed:
        raise LeaseLostError
    others = DocumentVersion.objects.filter(
        document_id=version.document_id, state=State.PUBLISHED
    ).exclude(pk=version.pk)
    for other in others:
        _give_way(other, version)
    Passage.objects.filter(version=version).update(published=True)
    version.refresh_from_db()


def _give_way(other: DocumentVersion, new: DocumentVersion) -> None:
    start, end = new.effective_from, new.effective_until
    if end is not None and other.effective_from is not None and other.effective_from >= end:
        return  # follows the new version without touching it
    if other.effective_until is not None and start is not None and other.effective_until <= start:
        return  # had ended before
    if end is not None and (other.effective_until is None or other.effective_until > end):
        _change_effect(other, effective_from=end)
    elif start is not None and (other.effective_from is None or other.effective_from < start):
        _change_effect(other, effective_until=start)
    else:
        retire_version(version=other)


def _change_effect(version: DocumentVersion, **dates: dt.date) -> None:
    DocumentVersion.objects.filter(pk=version.pk).update(**dates)
    Passage.objects.filter(version=version).update(**dates)


@transaction.atomic
def retire_version(*, version: DocumentVersion) -> None:
    """Take a version and its passages out of service. It is kept, and can be read in the admin."""
    DocumentVersion.objects.filter(pk=version.pk).update(state=State.RETIRED)
    Passage.objects.filter(version=version).update(published=False)
