"""Enrich: a question → the passages that may answer it, as of its day."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import Any

import structlog
from django.conf import settings

from knowledge.embedding.model import endpoint_model_of
from knowledge.models import Collection
from knowledge.text.same_question import question_key
from supportbot.answers.rewrite import standalone
from supportbot.answers.spending import Payer
from supportbot.answers.threads import in_search_thread
from supportbot.answers.types import Evidence, Question, Snapshot
from supportbot.configuration.content import Configuration
from supportbot.manners.recognise import is_small_talk, recognise
from supportbot.retrieval.scope import execute
from supportbot.retrieval.search import RankedPassage, Scope, search
from supportbot.retrieval.settings import RetrievalSettings

log = structlog.get_logger(__name__)

PASSAGES = 16
MOST_AHEAD = os.cpu_count() or 1  # searches ahead of their turn; more would only hold up others
NEIGHBOURS = 2  # best passages whose neighbours are added: a list may continue there


_KNOWN = """
SELECT EXISTS (SELECT FROM knowledge_curatedquestion WHERE key = %(key)s)
    OR EXISTS (SELECT FROM answers_cachedanswer WHERE key = %(key)s) AS is_known
"""


async def enrich(question: Question, configuration: Configuration, payer: Payer) -> Evidence:
    """Search the collections that customers are answered from."""
    rewritten = await standalone(question, configuration, payer)
    return await in_search_thread(_retrieve)(question, rewritten, configuration)


def works_ahead(question: Question, configuration: Configuration) -> bool:
    """Whether to look for an answer while the policy looks at the question. Not where a model
    rewrites it first, and not where another server embeds: nothing leaves the product before the
    policy has spoken."""
    rewrites = configuration.rewrite_questions and bool(question.history)
    leaves = endpoint_model_of(settings.EMBEDDING_MODEL) is not None
    return not (rewrites or leaves or question.preview is not None)


def search_ahead(question: Question, configuration: Configuration) -> None:
    """Start the search, unless others wait for theirs: `enrich` finds its result, or waits for
    it."""
    if len(_ahead) >= MOST_AHEAD:
        return
    task = asyncio.ensure_future(in_search_thread(_search_unless_known)(question, configuration))
    _ahead.add(task)
    task.add_done_callback(_ended)


_ahead: set[asyncio.Future[None]] = set()


def _ended(task: asyncio.Future[None]) -> None:
    _ahead.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("search_ahead_failed", error=repr(error))  # the search itself will say why


def _search_unless_known(question: Question, configuration: Configuration) -> None:
    key = question_key(question.text)
    if key and execute(_KNOWN, {"key": key})[0].is_known:
        return
    recognised = recognise(question.text)
    if recognised is None or recognised.has_question:
        _retrieve(question, None, configuration)


def _retrieve(question: Question, rewritten: str | None, configuration: Configuration) -> Evidence:
    """Search with the rewritten question, or else with the question and its history, which small
    talk does not follow up."""
    stands_alone = bool(rewritten) or (bool(question.history) and is_small_talk(question.text))
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
        history=() if stands_alone else question.history,
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
