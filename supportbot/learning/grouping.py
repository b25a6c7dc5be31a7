"""New unanswered questions join the group they mean the same as, or begin one.

Average linkage, one question at a time: a question joins the group with the highest mean cosine to
its questions, which is the product with the mean of their vectors.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from pgvector.django import MaxInnerProduct

from knowledge.embedding.questions import encode_questions
from knowledge.embedding.vectors import Vectors, with_length_one
from knowledge.services.indexes.embedding_indexes import get_active_index
from supportbot.answers.manners import ROUTE as MANNERS
from supportbot.answers.models import AnswerRun
from supportbot.guardrails.masking import without_personal_data
from supportbot.learning.models import QuestionGroup, UnansweredQuestion

LEAST = 0.54  # mean cosine by the bundled model; measured: docs/decisions/0026-learning.md
DAYS = 90  # older questions are not taken up
AT_ONCE = 200
LONGEST = 500  # characters
OF_OTHER_MODEL = 20  # groups that are renewed at once
_LOCK = 0x6C6561726E  # of whoever groups: two at once would begin the same group twice


def waiting_runs() -> QuerySet[AnswerRun]:
    """Runs that found no answer in the documents and are in no group yet, oldest first."""
    since = timezone.now() - dt.timedelta(days=DAYS)
    runs = AnswerRun.objects.filter(
        status=AnswerRun.Status.COMPLETED,
        delivery__in=[AnswerRun.Delivery.STREAM, AnswerRun.Delivery.DRAFT],
        outcome=AnswerRun.Outcome.NO_ANSWER,
        created_at__gte=since,
        unanswered=None,
    )
    return runs.exclude(route=MANNERS).order_by("created_at")


def group_new_questions() -> int:
    """Put questions that wait into groups; returns how many. Raises EmbeddingModelError."""
    runs = list(waiting_runs().select_related("question")[:AT_ONCE])
    if not runs:
        return 0
    model = get_active_index().model
    texts = [words_of(run) for run in runs]
    vectors = with_length_one(encode_questions(model, texts))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        _renew_means(model)
        known = set(
            UnansweredQuestion.objects.filter(run__in=runs).values_list("run_id", flat=True)
        )
        for run, text, vector in zip(runs, texts, vectors, strict=True):
            if run.pk not in known:
                _add(run, text, vector, model)
        QuestionGroup.objects.filter(questions=None).delete()
    return len(runs)


def words_of(run: AnswerRun) -> str:
    """What was asked, on one line, without personal data."""
    return without_personal_data(" ".join(run.asked.split()))[:LONGEST]


def _add(run: AnswerRun, text: str, vector: Vectors, model: str) -> None:
    group = _nearest(vector, model)
    if group is None:
        group = QuestionGroup.objects.create(model=model, mean=_stored(vector))
    else:
        mean = np.asarray(list(group.mean), dtype=np.float32)
        group.mean = _stored(mean + (vector - mean) / np.float32(group.size + 1))
        group.size += 1
        if group.status == QuestionGroup.Status.ANSWERED:  # it was, and is not any more
            group.status, group.closed_at, group.closed_by = QuestionGroup.Status.OPEN, None, None
            group.answered_by = None
        group.save(
            update_fields=["mean", "size", "status", "closed_at", "closed_by", "answered_by"]
        )
    UnansweredQuestion.objects.create(run=run, group=group, text=text, asked_at=run.created_at)


def _nearest(vector: Vectors, model: str) -> QuestionGroup | None:
    groups = QuestionGroup.objects.filter(model=model).annotate(
        distance=MaxInnerProduct("mean", _stored(vector))  # the product, negated
    )
    return groups.filter(distance__lte=-LEAST).order_by("distance", "pk").first()


def _renew_means(model: str) -> None:
    """Groups of another embedding model get a mean of this one."""
    for group in QuestionGroup.objects.exclude(model=model)[:OF_OTHER_MODEL]:
        texts = list(group.questions.values_list("text", flat=True)[:AT_ONCE])
        if texts:
            vectors = with_length_one(encode_questions(model, texts))
            group.mean, group.size = _stored(vectors.mean(axis=0)), len(texts)
            group.model = model
            group.save(update_fields=["mean", "size", "model"])


def _stored(vector: Vectors) -> Sequence[float]:
    return [float(number) for number in vector]
