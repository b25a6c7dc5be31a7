"""How a new embedding index finds passages, beside the active one, on the same questions.

Only the search by meaning is compared: the one by words knows no embedding model.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.utils import timezone

from knowledge.embedding.encoder import get_encoder, get_tokenizer
from knowledge.models import EmbeddingIndex, Passage
from knowledge.services.indexes.embedding_indexes import get_active_index
from knowledge.services.ingestion.embeddings import embedded_text

DEPTH = 10  # passages looked at for each question
SAMPLE = 200  # headings asked for when nobody gives questions; passages whose length is counted

_SEARCH = """
SELECT p.id, d.external_id
FROM knowledge_embedding e
JOIN knowledge_passage p ON p.text_hash = e.text_hash AND p.published
JOIN knowledge_documentversion v ON v.id = p.version_id
JOIN knowledge_document d ON d.id = v.document_id
WHERE e.index_id = {index_id}
ORDER BY e.vector::halfvec({dimensions}) <=> %s::halfvec({dimensions})
LIMIT {depth}
"""


@dataclass(frozen=True)
class Question:
    """Something to ask both indexes. `document` is the external id of the one that answers it."""

    text: str
    document: str | None = None


@dataclass
class _Found:
    """What one index gave: per question the passages' ids, and whether the document was there."""

    passages: list[set[int]] = field(default_factory=list)
    hits: list[bool] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)


def compare_with_active(
    *, index: EmbeddingIndex, questions: Sequence[Question] | None = None
) -> dict[str, Any]:
    """Ask both indexes the same questions; the figures are kept with `index` and returned.

    Without questions, headings of published passages are asked for, each answered by its document.
    `overlap` is the share of the ten passages that both find; `found` and `found_active` say how
    often the right document is among them (null when no question names one); the times, in ms, are
    medians of embedding and searching; `cut_off` is the share of passages that are longer than the
    model reads. Raises EmbeddingModelError.
    """
    active = get_active_index()
    asked = list(questions if questions is not None else _headings())
    mine, others = _ask(index, asked), _ask(active, asked)
    both = zip(mine.passages, others.passages, strict=True)
    overlaps = [len(a & b) / max(1, len(a), len(b)) for a, b in both]
    comparison: dict[str, Any] = {
        "active": active.model,
        "questions": len(asked),
        "asked": "headings" if questions is None else "given",
        "overlap": _mean(overlaps),
        "found": _mean(mine.hits),
        "found_active": _mean(others.hits),
        "milliseconds": _median(mine.milliseconds),
        "milliseconds_active": _median(others.milliseconds),
        "cut_off": _cut_off(index),
        "at": timezone.now().isoformat(timespec="seconds"),
    }
    index.comparison = comparison
    index.save(update_fields=["comparison"])
    return comparison


def _headings() -> list[Question]:
    """Questions out of the documents themselves: a heading, or a title where there is none."""
    # Hashes are in no order of meaning, so the first ones are as good as drawn by lot.
    passages = Passage.objects.filter(published=True).order_by("text_hash")
    rows = passages.values_list(
        "heading", "version__document__title", "version__document__external_id"
    )[: 2 * SAMPLE]
    questions = {
        Question(heading[-1] if heading else title, external_id): None
        for heading, title, external_id in rows
    }
    return list(questions)[:SAMPLE]


def _ask(index: EmbeddingIndex, questions: Sequence[Question]) -> _Found:
    encoder = get_encoder(index.model)
    statement = _SEARCH.format(
        index_id=int(index.pk), dimensions=int(index.dimensions), depth=DEPTH
    )
    found = _Found()
    with connection.cursor() as cursor:
        for question in questions:
            started = time.perf_counter()
            vector = encoder.encode_question(question.text)
            cursor.execute(statement, [str(vector.tolist())])
            rows = cursor.fetchall()
            found.milliseconds.append(1000 * (time.perf_counter() - started))
            found.passages.append({row[0] for row in rows})
            if question.document is not None:
                found.hits.append(any(row[1] == question.document for row in rows))
    return found


def _cut_off(index: EmbeddingIndex) -> float | None:
    limit = get_encoder(index.model).max_tokens
    passages = Passage.objects.filter(published=True).order_by("text_hash")
    texts = [embedded_text(*row) for row in passages.values_list("context", "text")[:SAMPLE]]
    if limit is None or not texts:
        return None
    lengths = [len(encoding.ids) for encoding in get_tokenizer(index.model).encode_batch(texts)]
    return _mean([length > limit for length in lengths])


def _mean(values: Sequence[float]) -> float | None:
    return round(statistics.fmean(values), 4) if values else None


def _median(values: Sequence[float]) -> float | None:
    return round(statistics.median(values), 2) if values else None
