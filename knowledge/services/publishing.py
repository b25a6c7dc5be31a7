"""Making a version one that customers are served, and taking it away again.

Everything a reader can see changes in one transaction: the old text or the new, never both.

A document may have several published versions, each with its own dates. On any day the one with the
highest number is in effect: a policy for Christmas stands over the usual one and gives way to it
again. The days on which each is the one in effect are stored with its passages.
"""

from __future__ import annotations

from django.db import connection, transaction
from django.utils import timezone

from knowledge.models import Document, DocumentVersion, Passage
from knowledge.services.processing import LeaseLostError

State = DocumentVersion.State

# Each published version's own dates, less those of every later one.
_SPREAD_DAYS = """
WITH published AS (
    SELECT id, number, datemultirange(daterange(effective_from, effective_until)) AS days
    FROM knowledge_documentversion WHERE document_id = %(document)s AND state = 'published'
),
in_effect AS (
    SELECT id, days - COALESCE(
        (SELECT range_agg(later.days) FROM published later WHERE later.number > published.number),
        '{}'::datemultirange
    ) AS days
    FROM published
)
UPDATE knowledge_passage SET effective = in_effect.days
FROM in_effect WHERE version_id = in_effect.id AND effective IS DISTINCT FROM in_effect.days
"""


@transaction.atomic
def publish_version(*, version: DocumentVersion) -> None:
    """Publish a version whose passages are all embedded.

    Published versions of the document that no day is left to are retired, this one too if a later
    one was quicker. Raises LeaseLostError when another worker has taken the version over.
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
    Passage.objects.filter(version=version).update(published=True)
    _spread_days(version.document_id)
    version.refresh_from_db()


@transaction.atomic
def retire_version(*, version: DocumentVersion) -> None:
    """Take a version and its passages out of service. It is kept, and can be read in the admin.

    Earlier published versions are in effect again on the days that this one stood over them.
    """
    Document.objects.select_for_update().get(pk=version.document_id)
    DocumentVersion.objects.filter(pk=version.pk).update(state=State.RETIRED)
    Passage.objects.filter(version=version).update(published=False, effective=None)
    _spread_days(version.document_id)


def _spread_days(document_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_SPREAD_DAYS, {"document": document_id})
    displaced = Passage.objects.filter(
        version__document_id=document_id, published=True, effective__isempty=True
    )
    versions = list(displaced.values_list("version_id", flat=True).distinct())
    DocumentVersion.objects.filter(pk__in=versions).update(state=State.RETIRED)
    Passage.objects.filter(version_id__in=versions).update(published=False, effective=None)
