"""Whether what search by words reads is what the texts say, and putting it right."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np
from django.db import connection, transaction
from pgvector import SparseVector

from knowledge.models import Document, Passage
from knowledge.services.ingestion.embeddings import said_text
from knowledge.services.lifecycle import serving
from knowledge.terms import passage_weights, sparse_vector

BATCH = 1000
# In the order of the hashes, which is as good as random: a limit gives a sample.
_SERVED = """
SELECT p.id, p.version_id, p.text_hash, p.context, p.text, d.locale, p.terms, p.weights::text
FROM knowledge_passage p JOIN knowledge_documentversion v ON v.id = p.version_id
JOIN knowledge_document d ON d.id = v.document_id
WHERE p.published AND (p.text_hash, p.id) > (%s, %s)
ORDER BY p.text_hash, p.id LIMIT %s
"""
# With a table, the hash is of the text in which its rows are said: looked at again in Python.
_MAY_BE_ALTERED = """
SELECT p.version_id, p.id, p.text_hash, p.context, p.text FROM knowledge_passage p
WHERE p.published AND sha256(convert_to(p.context || E'\\n' || p.text, 'UTF8')) <> p.text_hash
ORDER BY p.id
"""
_SET = "UPDATE knowledge_passage SET terms = %s, weights = %s WHERE id = %s"
_WRONG_COUNTS = """
SELECT count(*) FROM (
    SELECT term AS id, count(*) AS passages FROM knowledge_passage CROSS JOIN unnest(terms) AS term
    WHERE published GROUP BY term
) counted FULL JOIN knowledge_term stored USING (id)
WHERE COALESCE(counted.passages, 0) <> COALESCE(stored.passages, 0)
"""
_WRONG_TOTAL = """
SELECT COALESCE((SELECT passages FROM knowledge_revision), 0)
       <> (SELECT count(*) FROM knowledge_passage WHERE published)
"""


def find_wrong_entries(limit: int | None) -> dict[int, list[int]]:
    """Version → ids of its served passages whose terms or weights are not those of their text, of
    so many passages or of all."""
    wrong: dict[int, list[int]] = defaultdict(list)
    for pk, version, _, _ in _differing(limit):
        wrong[version].append(pk)
    return dict(wrong)


def find_altered() -> dict[int, list[int]]:
    """Version → ids of its served passages whose text was altered after it was embedded."""
    altered: dict[int, list[int]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_MAY_BE_ALTERED)
        for version, pk, key, context, text in cursor:
            if said_text(bytes(key), context, text) is None:
                altered[version].append(pk)
    return dict(altered)


def _differing(limit: int | None) -> Iterator[tuple[int, int, list[int], SparseVector]]:
    """(passage, version, terms as they should be, weights as they should be)."""
    last: tuple[bytes, int] = (b"", 0)
    left = limit
    with connection.cursor() as cursor:
        while left is None or left > 0:
            cursor.execute(_SERVED, [*last, BATCH if left is None else min(BATCH, left)])
            rows = cursor.fetchall()
            if not rows:
                return
            left = None if left is None else left - len(rows)
            for pk, version, key, context, text, locale, terms, stored in rows:
                said = said_text(bytes(key), context, text)
                if said is None:  # an altered text is found and named as such
                    continue
                weights = passage_weights(context, said, locale)
                if list(weights) != terms or not _is_same(weights.values(), stored):
                    yield pk, version, list(weights), sparse_vector(weights)
            last = (bytes(rows[-1][2]), rows[-1][0])


def _is_same(weights: Iterable[float], stored: str | None) -> bool:
    if stored is None:
        return False
    values = SparseVector.from_text(stored).values()
    wanted = np.fromiter(weights, dtype=np.float32)
    return len(values) == len(wanted) and bool(np.allclose(values, wanted, rtol=1e-5))


def count_wrong_terms() -> int:
    """Terms whose stored number of served passages is wrong; the total counts as one."""
    with connection.cursor() as cursor:
        cursor.execute(_WRONG_COUNTS)
        wrong = int(cursor.fetchone()[0])
        cursor.execute(_WRONG_TOTAL)
        return wrong + int(cursor.fetchone()[0])


def renew_entries(document: Document) -> None:
    """Compute anew the entries of a document whose language was wrong: of all its versions, since
    drafts are published, and older ones rolled back to, as they stand."""
    passages = Passage.objects.filter(version__document=document)
    with connection.cursor() as cursor:
        rows = passages.order_by("pk").values_list("pk", "text_hash", "context", "text")
        for pk, key, context, text in rows.iterator(chunk_size=BATCH):
            said = said_text(bytes(key), context, text) or text
            weights = passage_weights(context, said, document.locale)
            cursor.execute(_SET, [list(weights), sparse_vector(weights).to_text(), pk])


@transaction.atomic
def repair_entries() -> None:
    """Compute anew what is wrong, and count all terms anew."""
    serving.lock_for_indexes()  # publications wait: each locks passages of its own, and counts
    with connection.cursor() as cursor:
        for pk, _, terms, weights in list(_differing(None)):
            cursor.execute(_SET, [terms, weights.to_text(), pk])
        cursor.execute("SELECT knowledge_recount_terms()")
