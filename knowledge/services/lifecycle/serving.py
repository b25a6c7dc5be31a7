"""What readers are served: the one place that writes it to the passages.

A document may have several published versions, each with its own days. On any day the one with the
highest number is in effect: a policy for Christmas stands over the usual one and gives way to it
again (decision 4). The days on which each is the one in effect are stored with its passages, so
that one search statement sees the old text or the new, never both and never neither.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from knowledge.models import DocumentVersion, EmbeddingIndex

# Each published version's own days, less those of every later one.
IN_EFFECT = """
WITH published AS (
    SELECT id, document_id, number, audience,
           datemultirange(daterange(effective_from, effective_until)) AS days
    FROM knowledge_documentversion WHERE state = 'published' {and_where}
),
in_effect AS (
    SELECT id, audience, days - COALESCE(
        (SELECT range_agg(later.days) FROM published later
         WHERE later.document_id = published.document_id AND later.number > published.number),
        '{{}}'::datemultirange
    ) AS days
    FROM published
)
"""
_OF_DOCUMENTS = IN_EFFECT.format(and_where="AND document_id = ANY(%s)")
_WITHOUT_DAYS = _OF_DOCUMENTS + "SELECT id FROM in_effect WHERE isempty(days)"  # noqa: S608
_SERVE = (
    _OF_DOCUMENTS
    + """
UPDATE knowledge_passage p
SET published = (i.id IS NOT NULL), effective = i.days, audience = v.audience
FROM knowledge_documentversion v LEFT JOIN in_effect i ON i.id = v.id
WHERE v.document_id = ANY(%s) AND p.version_id = v.id
  AND (p.published, p.effective, p.audience)
      IS DISTINCT FROM (i.id IS NOT NULL, i.days, v.audience)
"""
)
_MISSING = """
SELECT DISTINCT p.version_id
FROM knowledge_passage p CROSS JOIN knowledge_embeddingindex i
WHERE p.version_id = ANY(%s) AND i.state = ANY(%s)
  AND NOT EXISTS (
      SELECT FROM knowledge_embedding e WHERE e.index_id = i.id AND e.text_hash = p.text_hash
  )
"""
_LOCK = 0x6B6E6F77  # “know”: any number that no other advisory lock of the product has


def hold_indexes() -> None:
    """Hold off changes of embedding indexes, and deletions, until this transaction ends."""
    _lock("pg_advisory_xact_lock_shared")


def lock_for_publication() -> None:
    """Hold off changes of embedding indexes and other publications until this transaction ends.

    A version is published only with all its vectors in every complete index, so an index may not
    become complete, active or dropped in between. Publications follow one another: each counts the
    terms of what is served, and what several lock in turn is locked behind the revision.
    """
    hold_indexes()
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM knowledge_revision FOR UPDATE")


def lock_for_indexes() -> None:
    """Wait for running publications and hold off new ones until this transaction ends."""
    _lock("pg_advisory_xact_lock")


def _lock(function: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [_LOCK])


def count_revision() -> None:
    """Something that is shown with passages has changed, other than passages themselves."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE knowledge_revision SET number = number + 1")


def is_embedded(version: DocumentVersion) -> bool:
    """Whether every passage has its vector in every complete index."""
    return not not_embedded([version.pk])


def not_embedded(version_ids: Sequence[int]) -> set[int]:
    """Those with a passage that has no vector in one of the complete indexes."""
    with connection.cursor() as cursor:
        cursor.execute(_MISSING, [list(version_ids), list(EmbeddingIndex.COMPLETE)])
        return {row[0] for row in cursor.fetchall()}


def versions_without_days(*document_ids: int) -> list[int]:
    """Published versions that later ones leave no day to."""
    with connection.cursor() as cursor:
        cursor.execute(_WITHOUT_DAYS, [list(document_ids)])
        return [row[0] for row in cursor.fetchall()]


def serve(*document_ids: int) -> None:
    """Make the passages of documents say what their versions say."""
    with connection.cursor() as cursor:
        cursor.execute(_SERVE, [list(document_ids), list(document_ids)])
