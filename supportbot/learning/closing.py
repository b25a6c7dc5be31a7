"""Groups of unanswered questions close by themselves once what was published answers them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F, Max, Q
from django.utils import timezone

from knowledge.models import CuratedAnswer, DocumentEvent, DocumentVersion
from supportbot.answers.errors import AnswerError
from supportbot.learning.groups import ASKED_AGAIN, ask_once_more, unlike
from supportbot.learning.models import QuestionGroup
from tickets.services import audit

log = structlog.get_logger(__name__)

AT_ONCE = 20  # groups a minute: a publication of many documents must not keep a worker
# Steps of a document after which customers are answered from something else.
STEPS = ("published", "changed", "retired", "rolled_back", "undone")
_Status = QuestionGroup.Status


def close_answered() -> int:
    """Ask the questions of open groups again that nobody has asked since the documents changed;
    returns how many groups were closed."""
    if not (open_groups := QuestionGroup.objects.filter(status=_Status.OPEN)).exists():
        return 0
    changed_at = last_change()
    if changed_at is None:
        return 0
    due = (
        open_groups.filter(stays_open=False)
        .filter(Q(asked_again_at=None) | Q(asked_again_at__lt=changed_at))
        .annotate(newest=Max("questions__asked_at"))
        .filter(newest__lt=changed_at)
    )
    first = due.order_by(F("asked_again_at").asc(nulls_first=True), "-size", "pk")
    return sum(_closed(group) for group in first[:AT_ONCE])


def last_change() -> dt.datetime | None:
    """When customers began to be answered from something else: a step of a document, a curated
    answer, or midnight, if a version is in effect from today on."""
    steps = DocumentEvent.objects.filter(action__in=STEPS).order_by("-pk")
    moments = [
        steps.values_list("created_at", flat=True).first(),
        CuratedAnswer.objects.filter(is_on=True).aggregate(at=Max("updated_at"))["at"],
    ]
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    published = DocumentVersion.objects.filter(state=DocumentVersion.State.PUBLISHED)
    if published.filter(effective_from=today.date()).exists():
        moments.append(today)
    return max((one for one in moments if one is not None), default=None)


def _closed(group: Any) -> bool:
    """Ask its questions; close it if each has an answer, and one rests on what is new since they
    were asked: what was there before has been asked already."""
    moment = timezone.now()
    asked = unlike(group.questions.all(), ASKED_AGAIN)
    cited = set[int]()
    try:
        for one in asked:
            again = ask_once_more(one)
            if not again.is_answered:
                return _ended(group, moment, None)
            cited.update(again.documents[:1])  # of the first sentence, which answers
    except AnswerError as error:
        log.warning("question_not_asked_again", group=group.pk, error=error.code)
        return _ended(group, moment, None)
    new = [pk for pk in changed_since(group.newest) if pk in cited]
    return _ended(group, moment, new[0] if new else None)


def changed_since(moment: dt.datetime) -> list[int]:
    """Documents that customers are answered from otherwise since then, and those of curated
    answers; the newest first."""
    steps = DocumentEvent.objects.filter(action__in=STEPS, created_at__gt=moment).order_by("-pk")
    begun = DocumentVersion.objects.filter(
        state=DocumentVersion.State.PUBLISHED,
        effective_from__gt=timezone.localdate(moment),
        effective_from__lte=timezone.localdate(),
    )
    curated = CuratedAnswer.objects.filter(is_on=True, updated_at__gt=moment)
    found = [
        *steps.values_list("document_id", flat=True),
        *begun.values_list("document_id", flat=True),
        *curated.exclude(sources__document=None).values_list("sources__document", flat=True),
    ]
    return list(dict.fromkeys(found))


@transaction.atomic
def _ended(group: QuestionGroup, moment: dt.datetime, document: int | None) -> bool:
    """Note that it was asked; with the document that answers, close it."""
    locked = QuestionGroup.objects.select_for_update().filter(pk=group.pk).first()
    if locked is None:
        return False
    locked.asked_again_at = moment
    is_closed = (
        document is not None
        and locked.status == _Status.OPEN
        and (
            locked.size == group.size  # no other question has joined it meanwhile
        )
    )
    if is_closed:
        locked.status, locked.closed_at, locked.closed_by = _Status.ANSWERED, moment, None
        locked.answered_by_id = document
        audit.record(
            action="questions.answered",
            target=locked,
            before=_Status.OPEN.value,
            after=_Status.ANSWERED.value,
            document=document,
        )
    locked.save(update_fields=["asked_again_at", "status", "closed_at", "closed_by", "answered_by"])
    return is_closed
