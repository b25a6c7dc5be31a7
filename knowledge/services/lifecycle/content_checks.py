"""What an editor should look at in a version's content: repeats and contradictions.

A version is checked once it has been read, and again after each publication, against everything in
its language that its readers may be answered from on its days, in whichever collection. A document
that was there before is not checked anew when another one comes: the newer one gets the warning,
which names both. It is work of low priority, done while no version waits to be processed; what is
to be published once it is checked (checked_publication) does not wait.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import shorten
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from knowledge.claims import Claim, claims_of, contradictions
from knowledge.models import Audience, DocumentVersion, EmbeddingIndex, Passage, VersionWarning
from knowledge.repeats import similarity
from knowledge.services.indexes.embedding_indexes import get_active_index

log = structlog.get_logger(__name__)

NEAR_REPEAT, CONTRADICTION = "near_repeat", "contradiction"
CODES = (NEAR_REPEAT, CONTRADICTION)
NEIGHBOURS = 12  # passages nearest in meaning that each one is compared with
MIN_COSINE = 0.4  # that they must have: a passage may share one sentence among ten
MIN_SIMILARITY = 0.8  # of a passage that nearly repeats another
MOST_WARNINGS = 50  # of a kind and version; whoever sees more has seen enough
BATCH = 100  # passages looked up together

# Through the index's own HNSW graph. Eligible are passages of the version itself, and those that
# its readers meet beside it: of other documents in any collection, on one of its days.
_NEIGHBOURS = """
SELECT p.id, near.id
FROM knowledge_passage p
JOIN knowledge_embedding e ON e.index_id = {index_id} AND e.text_hash = p.text_hash
CROSS JOIN LATERAL (
    SELECT q.id, o.vector::halfvec({dimensions}) <=> e.vector::halfvec({dimensions}) AS distance
    FROM knowledge_embedding o
    JOIN knowledge_passage q ON q.text_hash = o.text_hash
    JOIN knowledge_documentversion v ON v.id = q.version_id
    JOIN knowledge_document d ON d.id = v.document_id
    JOIN knowledge_collection c ON c.id = d.collection_id
    WHERE o.index_id = {index_id} AND q.id <> p.id AND (q.version_id = %(version)s OR (
        q.published AND q.audience = ANY(%(audiences)s) AND NOT c.temporary
        AND d.id <> %(document)s AND split_part(d.locale, '-', 1) = %(language)s
        AND q.effective && datemultirange(daterange(%(start)s, %(end)s))
    ))
    ORDER BY o.vector::halfvec({dimensions}) <=> e.vector::halfvec({dimensions})
    LIMIT {neighbours}
) near
WHERE p.id = ANY(%(passages)s) AND near.distance <= {distance}
ORDER BY p.position, near.distance
"""


Key = tuple[str, bytes, bytes]  # a code and the hashes of the texts of two passages


@dataclass(frozen=True)
class Finding:
    """Something noticed about a passage and another one."""

    code: str
    passage: Passage
    other: Passage
    text: str

    @property
    def key(self) -> Key:
        """The same in every version of a document whose passages say the same."""
        return self.code, bytes(self.passage.text_hash), bytes(self.other.text_hash)


def check_waiting(*, seconds: float) -> int:
    """Check versions, one after the other, until none is left or the time is over; how many.

    A version that has been begun is finished: a manual of 2,000 pages takes a minute or two.
    """
    ends_at = time.monotonic() + seconds
    checked = 0
    while time.monotonic() < ends_at and check_next():
        checked += 1
    return checked


def check_next() -> bool:
    """Check the newest version that has not been; False when there is none, or others wait to be
    processed. Two workers at once do the work twice and harm nothing."""
    if DocumentVersion.objects.claimable(timezone.now()).exists():
        return False
    due = Q(checked_at=None) | Q(checked_at__lt=F("published_at"))
    version = (
        DocumentVersion.objects.filter(due, status=DocumentVersion.Status.READY)
        .exclude(state=DocumentVersion.State.RETIRED)
        .exclude(document__collection__temporary=True)
        .defer("markdown", "page_starts")
        .select_related("document")
        .order_by("-pk")
        .first()
    )
    if version is None:
        return False
    check_version(version)
    return True


def check_version(version: DocumentVersion) -> None:
    """Look for repeats and contradictions, and make the version's warnings say what was found.

    Idempotent. A warning that somebody dismissed does not come back, in later versions neither.
    """
    began = timezone.now()
    findings: dict[Key, Finding] = {}
    count: Counter[str] = Counter()
    for finding in _findings(version):
        if finding.key not in findings and count[finding.code] < MOST_WARNINGS:
            findings[finding.key] = finding
            count[finding.code] += 1
    _store(version, findings, began)
    log.info("content_checked", version=version.pk, **count)


def _findings(version: DocumentVersion) -> Iterator[Finding]:
    for passage, others in _neighbours(version):
        alike = ((similarity(passage.text, other.text), other) for other in others)
        share, other = max(alike, key=lambda pair: pair[0], default=(0.0, passage))
        if share >= MIN_SIMILARITY:
            yield Finding(NEAR_REPEAT, passage, other, _repeat_text(passage, other, share))
        claims = _claims_of(passage)
        for other in others if claims else ():
            is_within = other.version_id == version.pk
            for mine, its in contradictions(claims, _claims_of(other)):
                # Parts of one table: what looks like the same row is told apart further right.
                if not (is_within and mine.in_table):
                    text = _contradiction_text(passage, other, mine, its)
                    yield Finding(CONTRADICTION, passage, other, text)
                    break


def _neighbours(version: DocumentVersion) -> Iterator[tuple[Passage, list[Passage]]]:
    """Each passage with those it is compared with, nearest first; two of the version itself meet
    once, at the later one."""
    index = get_active_index()
    ids = list(version.passages.order_by("position").values_list("pk", flat=True))
    for start in range(0, len(ids), BATCH):
        found: dict[int, list[int]] = {}
        for passage, other in _nearest(version, index, ids[start : start + BATCH]):
            found.setdefault(passage, []).append(other)
        passages = _light_passages(
            {*found, *(other for others in found.values() for other in others)}
        )
        for key, others in found.items():
            mine = passages[key]
            yield (
                mine,
                [
                    other
                    for other in map(passages.__getitem__, others)
                    if other.version_id != version.pk or other.position < mine.position
                ],
            )


def _nearest(
    version: DocumentVersion, index: EmbeddingIndex, passages: Sequence[int]
) -> list[tuple[int, int]]:
    statement = _NEIGHBOURS.format(
        index_id=int(index.pk),
        dimensions=int(index.dimensions),
        neighbours=NEIGHBOURS,
        distance=1 - MIN_COSINE,
    )
    parameters: dict[str, Any] = {
        "version": version.pk,
        "document": version.document_id,
        "language": version.document.locale.partition("-")[0],
        "audiences": _met_by_readers(version),
        "start": version.effective_from,
        "end": version.effective_until,
        "passages": list(passages),
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        pairs: list[tuple[int, int]] = cursor.fetchall()
        return pairs


def _met_by_readers(version: DocumentVersion) -> list[Audience]:
    """Whose documents are compared: all that customers are answered from, or those for staff."""
    if version.audience == Audience.INTERNAL:
        return [Audience.INTERNAL]
    return Audience.seen_by(Audience.CUSTOMERS)


def _light_passages(ids: Iterable[int]) -> dict[int, Passage]:
    """Without what is large and not compared, of the passage and its version."""
    heavy = ("version__markdown", "version__page_starts")
    passages = Passage.objects.select_related("version__document").defer(*heavy)
    found: dict[int, Passage] = passages.in_bulk(list(ids))
    return found


def _claims_of(passage: Passage) -> list[Claim]:
    return claims_of(passage.text, title=passage.version.document.title, heading=passage.heading)


# -- Words ----------------------------------------------------------------------------------------
def _repeat_text(passage: Passage, other: Passage, share: float) -> str:
    how = "repeats" if share == 1 else "nearly repeats"
    return (
        f"This passage {how} {_where(passage, other)}. Keep such text in one place, so that it is "
        "changed in one place; or dismiss this if both are needed."
    )


def _contradiction_text(passage: Passage, other: Passage, mine: Claim, its: Claim) -> str:
    return (
        f"Two passages give different numbers for the same thing: {mine.written} here, "
        f"{its.written} in {_where(passage, other)}. Here: “{_short(mine.sentence)}” There: "
        f"“{_short(its.sentence)}” Correct one of them, or retire what no longer applies."
    )


def _where(passage: Passage, other: Passage) -> str:
    document = other.version.document
    last = other.heading[-1] if other.heading else ""
    heading = f"“{last}”" if last.casefold() != document.title.casefold() and last else ""
    if other.version_id == passage.version_id:
        return f"{heading or 'another passage'} in this document"
    return f"{heading} in “{document.title}”" if heading else f"“{document.title}”"


def _short(sentence: str) -> str:
    return shorten(sentence, width=160, placeholder=" …")


# -- Storing --------------------------------------------------------------------------------------
@transaction.atomic
def _store(
    version: DocumentVersion,
    findings: Mapping[Key, Finding],
    began: dt.datetime,
) -> None:
    """Nothing when the version was split anew, or is gone, since its passages were looked at."""
    locked = DocumentVersion.objects.select_for_update().filter(
        pk=version.pk,
        status=DocumentVersion.Status.READY,
        passages_digest=version.passages_digest,
    )
    if not locked.exists():
        return
    own: dict[Key, int] = {}
    dismissed: set[Key] = set()
    for warning, of_version, dismissed_at, *key in _stored(version):
        if dismissed_at is not None:
            dismissed.add(_key(*key))
        elif of_version == version.pk:
            own[_key(*key)] = warning
    gone = [warning for key, warning in own.items() if key not in findings]
    VersionWarning.objects.filter(pk__in=gone).delete()
    VersionWarning.objects.bulk_create(
        VersionWarning(
            version=version,
            code=finding.code,
            text=finding.text,
            page=finding.passage.page,
            passage=finding.passage,
            other=finding.other,
        )
        for key, finding in findings.items()
        if key not in own and key not in dismissed
    )
    locked.update(checked_at=began)


def _stored(version: DocumentVersion) -> Iterable[tuple[Any, ...]]:
    """(warning, version, dismissed at, and its key) of what was found in the document before."""
    found = VersionWarning.objects.filter(version__document=version.document_id, code__in=CODES)
    return (
        found.exclude(passage=None)
        .exclude(other=None)
        .values_list(
            "pk", "version_id", "dismissed_at", "code", "passage__text_hash", "other__text_hash"
        )
    )


def _key(code: str, passage_hash: bytes, other_hash: bytes) -> Key:
    return code, bytes(passage_hash), bytes(other_hash)
