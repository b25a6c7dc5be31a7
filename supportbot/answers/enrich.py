"""Enrich: a question → the passages that may answer it, as of its day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from knowledge.models import Collection
from supportbot.answers.rewrite import standalone
from supportbot.answers.spending import Payer
from supportbot.answers.threads import in_search_thread
from supportbot.answers.types import Evidence, Question, Snapshot
from supportbot.configuration.content import Configuration
from supportbot.retrieval.search import RankedPassage, Scope, search
from supportbot.retrieval.settings import RetrievalSettings

PASSAGES = 16
NEIGHBOURS = 2  # best passages whose neighbours are added: a list may continue there


async def enrich(question: Question, configuration: Configuration, payer: Payer) -> Evidence:
    """Search the collections that customers are answered from."""
    rewritten = await standalone(question, configuration, payer)
    return await in_search_thread(_retrieve)(question, rewritten, configuration)


def _retrieve(question: Question, rewritten: str | None, configuration: Configuration) -> Evidence:
    """Search with the rewritten question, or else with the question and its history."""
    scope = Scope(
        as_of=question.as_of,
        reader=question.reader,
        collections=(
            ids_of_collections(configuration.collections)
            if question.collections is None
            else question.collections
        ),
        preview=question.preview,
    )
    ranking = search(
        rewritten or question.text,
        scope=scope,
        history=() if rewritten else question.history,
        limit=PASSAGES,
        settings=RetrievalSettings(neighbours=NEIGHBOURS),
    )
    return Evidence(question, ranking, rewritten, configuration.answerability_min)


def ids_of_collections(names: Sequence[str]) -> Sequence[int] | None:
    """Of the collections; None, which is all of them, if none is named."""
    if not names:
        return None
    return list(Collection.objects.filter(name__in=names).values_list("pk", flat=True))


def snapshot(evidence: Evidence) -> Snapshot:
    """The part of the evidence that is stored with a run."""
    ranking = evidence.ranking
    trace = ranking.trace
    return Snapshot(
        passages=[_stored(passage) for passage in ranking.passages],
        retrieval={
            "asked": ranking.searched_text,
            "rewritten": evidence.rewritten is not None,
            "answerability": round(ranking.answerability, 4),
            "signals": dict(trace.signals),
            "model": ranking.model,
            "revision": trace.revision,
            "considered": list(trace.considered),
            "reranked": trace.reranked,
            "milliseconds": dict(trace.milliseconds),
        },
    )


def _stored(passage: RankedPassage) -> dict[str, Any]:
    return {
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
