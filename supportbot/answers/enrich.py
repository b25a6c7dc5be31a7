"""Enrich: a question → the passages that may answer it, as of its day."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from knowledge.models import Collection
from supportbot.answers.run import in_thread
from supportbot.answers.types import Evidence, Question
from supportbot.retrieval.search import RankedPassage, Scope, search

PASSAGES = 6


@in_thread
def enrich(question: Question) -> Evidence:
    """Retrieval over the collections that customers are answered from."""
    scope = Scope(
        as_of=question.as_of,
        reader=question.reader,
        collections=_collections(),
        preview=question.preview,
    )
    ranking = search(question.text, scope=scope, history=question.history, limit=PASSAGES)
    return Evidence(question=question, ranking=ranking)


def _collections() -> list[int] | None:
    names = settings.ANSWER_COLLECTIONS
    if not names:
        return None
    return list(Collection.objects.filter(name__in=names).values_list("pk", flat=True))


def snapshot(passages: tuple[RankedPassage, ...]) -> list[dict[str, Any]]:
    """What is stored with a run: enough to see why, even after the documents have changed."""
    return [
        {
            "passage_id": passage.id,
            "document_id": passage.document_id,
            "external_id": passage.external_id,
            "title": passage.title,
            "version": passage.version,
            "heading": list(passage.heading),
            "page": passage.page,
            "text": passage.text,
            "dense": round(passage.dense, 4),
            "lexical": round(passage.lexical, 4),
            "score": round(passage.score, 4),
            "features": dict(passage.features),
        }
        for passage in passages
    ]
