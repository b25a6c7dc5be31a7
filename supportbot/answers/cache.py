"""The cached route: an answer given before, to whoever surely asks the same.

Two questions are the same by knowledge.text.same_question and by nothing else. An answer is found
by one look-up in an index, and is given only if the passages it rests on are served to this reader
on this day and a search would find the same best ones. Whether that is so is asked at each
look-up, so no change of documents, terms or days can be missed. What fails a test is dropped.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import structlog
from celery import current_app
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone
from kombu.exceptions import OperationalError

from knowledge.text.same_question import has_personal_data, question_key
from supportbot.answers.enrich import enrich, snapshot
from supportbot.answers.known import Known, evidence_of, live_passages
from supportbot.answers.models import AnswerRun, CachedAnswer
from supportbot.answers.prompts import load_prompt
from supportbot.answers.routes import Route
from supportbot.answers.run import Run
from supportbot.answers.sentence_check import check_sentence
from supportbot.answers.spending import Payer
from supportbot.answers.threads import in_thread
from supportbot.answers.types import Evidence, Proposed, Question, Reply
from supportbot.configuration.content import Configuration, RouteKind
from supportbot.retrieval.scope import execute

log = structlog.get_logger(__name__)

NAME = "cached"
BEST = 8  # passages that must still be the best
FORM = 1  # of what is stored; another one makes all entries void
CHECK_TASK = "supportbot.answers.tasks.check_cached"
CHECK_SECONDS = 600  # a check that waits longer for a worker is left out
_NOW = """
SELECT (SELECT max(number) FROM knowledge_revision) AS revision,
       (SELECT model FROM knowledge_embeddingindex WHERE state = 'active') AS model
"""
_OWN_WORDS = "extractive"  # kept only if all answers are: it costs next to nothing to write


def may_be_reused(question: Question) -> bool:
    """Whether a question has nothing of one customer or one conversation in it."""
    return (
        settings.ANSWER_CACHE != "off"
        and not question.history
        and not question.pictures
        and question.preview is None
        and question.collections is None
        and not has_personal_data(question.text)
    )


def binding(configuration: Configuration) -> str:
    """Identifies all that decides an answer, besides the documents."""
    prompt = load_prompt("answer", configuration.prompts)
    decides = [
        FORM,
        configuration.sha256,
        prompt.hash,
        settings.RERANK_MODEL,
        settings.GROUNDING_MODEL,
    ]
    return hashlib.sha256(json.dumps(decides).encode()).hexdigest()


async def find(question: Question, configuration: Configuration) -> Known | None:
    """The answer given before to the same question, if it still holds."""
    if not may_be_reused(question):
        return None
    found = await _look_up(question, binding(configuration))
    if found is None:
        return None
    entry, evidence, is_fresh = found
    if not is_fresh and not await _still_best(entry, question, configuration):
        return None
    if random.random() < settings.ANSWER_CACHE_CHECKED:  # noqa: S311  (a sample, no secret)
        await _have_it_checked(entry, question)
    return _known(entry, evidence)


@in_thread
def _look_up(question: Question, bound_to: str) -> tuple[CachedAnswer, Evidence, bool] | None:
    """The entry and its evidence, and whether its best passages are known to be the best now."""
    key = question_key(question.text)
    if not key:
        return None
    found = CachedAnswer.objects.filter(key=key, binding=bound_to, reader=question.reader)
    entry = found.first()
    if entry is None:
        return None
    now = execute(_NOW, {})[0]
    live = live_passages([*entry.cited, *entry.best], day=question.as_of, reader=question.reader)
    evidence = evidence_of(question, [live[pk] for pk in entry.cited if pk in live])
    if not (live.keys() >= {*entry.cited, *entry.best} and _passes(entry, evidence)):
        entry.delete()
        return None
    state = (entry.revision, entry.model, entry.day)
    return entry, evidence, state == (now.revision, now.model, question.as_of)


def _passes(entry: CachedAnswer, evidence: Evidence) -> bool:
    """Whether every sentence still passes the check: an answer is given whole or not at all."""
    return all(check_sentence(one, evidence).kept for one in _sentences(entry))


async def _still_best(
    entry: CachedAnswer, question: Question, configuration: Configuration
) -> bool:
    """Search once, and keep the entry if the best passages are those it was written from."""
    evidence = await enrich(question, configuration, Payer())
    same = evidence.is_answerable and _best(evidence) == set(entry.best)
    await _settle(entry, question, evidence if same else None)
    return same


@in_thread
def _settle(entry: CachedAnswer, question: Question, evidence: Evidence | None) -> None:
    if evidence is None:
        entry.delete()
        return
    CachedAnswer.objects.filter(pk=entry.pk).update(
        revision=evidence.ranking.trace.revision,
        model=evidence.ranking.model,
        day=question.as_of,
        checked_at=timezone.now(),
    )


def _best(evidence: Evidence) -> set[int]:
    return {passage.id for passage in evidence.passages[:BEST]}


@in_thread
def _have_it_checked(entry: CachedAnswer, question: Question) -> None:
    arguments = [entry.pk, question.text, str(question.reader)]
    try:
        current_app.send_task(CHECK_TASK, arguments, expires=CHECK_SECONDS, ignore_result=True)
    except OperationalError as error:
        log.warning("cached_answer_not_checked", error=str(error))


def _known(entry: CachedAnswer, evidence: Evidence) -> Known:
    async def generate(evidence: Evidence) -> AsyncGenerator[Proposed]:
        for sentence in _sentences(entry):
            yield sentence

    return Known(
        route=Route(NAME, RouteKind.CACHED, generate),
        evidence=evidence,
        reason="the same question was answered before",
        columns={
            "passages": snapshot(evidence).passages,
            "retrieval": {"known": NAME, "question": entry.question},
            "source_run_id": entry.run_id,
        },
    )


def _sentences(entry: CachedAnswer) -> list[Proposed]:
    """The answer as it was given, to be checked and cited again."""
    place = {pk: position for position, pk in enumerate(entry.cited)}
    return [
        Proposed(
            text=sentence["text"],
            cited=tuple(place[int(one["passage_id"])] for one in sentence["citations"]),
            quotes=tuple(one["quote"] for one in sentence["citations"]),
            form=sentence["form"],
            number=sentence["number"],
            cells=tuple(cell for one in sentence["citations"] for cell in one["cells"]),
        )
        for sentence in entry.sentences
    ]


@in_thread
def keep(run: Run, question: Question, reply: Reply) -> None:
    """Keep a run's answer for whoever asks the same. Never raises: the answer has been given."""
    try:
        if _is_worth_keeping(run.row, question, reply):
            _keep(run.row, binding(run.configuration), question, reply)
    except DatabaseError:
        log.exception("answer_not_cached", run=str(run.id))


def _is_worth_keeping(row: AnswerRun, question: Question, reply: Reply) -> bool:
    by_documents = bool(row.retrieval.get("considered"))
    was_sent = row.delivery == AnswerRun.Delivery.STREAM
    is_wanted = settings.ANSWER_CACHE == "all" or reply.route != _OWN_WORDS
    is_answer = reply.complete and bool(reply.sentences) and not reply.outcome
    is_cited = all(sentence["citations"] for sentence in reply.sentences)
    return (
        by_documents
        and was_sent
        and is_wanted
        and is_answer
        and is_cited
        and may_be_reused(question)
        and bool(question_key(question.text))
    )


def _keep(row: AnswerRun, bound_to: str, question: Question, reply: Reply) -> None:
    CachedAnswer.objects.update_or_create(
        key=question_key(question.text),
        binding=bound_to,
        reader=question.reader,
        defaults={
            "question": question.text,
            "sentences": list(reply.sentences),
            "cited": _cited(reply.sentences),
            "best": [found["passage_id"] for found in row.passages[:BEST]],
            "revision": row.retrieval["revision"],
            "day": question.as_of,
            "model": row.retrieval["model"],
            "run": row,
        },
    )


def _cited(sentences: Sequence[dict[str, Any]]) -> list[int]:
    ids = (int(one["passage_id"]) for sentence in sentences for one in sentence["citations"])
    return list(dict.fromkeys(ids))
