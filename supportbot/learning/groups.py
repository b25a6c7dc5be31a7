"""What editors read of groups of unanswered questions, and what they do with them."""

from __future__ import annotations

import datetime as dt
import io
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from asgiref.sync import async_to_sync
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Count, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from knowledge.models import Audience, CuratedAnswer, CuratedQuestion, Document
from knowledge.services.curated import Said, find_curated, promote
from knowledge.services.ingestion.documents import add_version, check_upload
from knowledge.text.same_question import question_key
from supportbot.answers.models import AnswerRun
from supportbot.answers.trial import try_question
from supportbot.answers.types import Question
from supportbot.learning.models import QuestionGroup, UnansweredQuestion
from tickets.models.visibility import Reader, visible_by
from tickets.services import audit

WEEK = dt.timedelta(days=7)
EXAMPLES = 10  # questions that a draft begins with
ASKED_AGAIN = 5
_Status = QuestionGroup.Status


@dataclass(frozen=True)
class Again:
    """A question asked again: whether there is an answer now, which, and the documents it cites;
    of a curated answer those that it rests on."""

    text: str
    is_answered: bool
    answer: str
    documents: tuple[int, ...] = ()


def questions_for(user: Reader) -> QuerySet[UnansweredQuestion]:
    """Without those of conversations that the user must not see."""
    return visible_by(UnansweredQuestion.objects.all(), user, "run__conversation")


def groups_for(user: Reader, now: dt.datetime | None = None) -> QuerySet[QuestionGroup]:
    """Groups with a question that the user may see, as `words`, and what of these alone is counted:
    `asked`, `this_week`, `last_week` and `last_asked`."""
    now = now or timezone.now()
    seen = questions_for(user).filter(group=OuterRef("pk")).order_by("asked_at", "pk")
    this_week = seen.filter(asked_at__gt=now - WEEK)
    last_week = seen.filter(asked_at__gt=now - 2 * WEEK, asked_at__lte=now - WEEK)
    return QuestionGroup.objects.annotate(
        words=Subquery(seen.values("text")[:1]),
        last_asked=Subquery(seen.reverse().values("asked_at")[:1]),
        asked=_count(seen),
        this_week=_count(this_week),
        last_week=_count(last_week),
    ).filter(asked__gt=0)


def _count(rows: QuerySet[UnansweredQuestion]) -> Coalesce:
    counted = rows.order_by().values("group").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted), Value(0))


def examples_for(
    group: QuestionGroup, user: Reader, most: int = EXAMPLES
) -> list[UnansweredQuestion]:
    """Questions of a group that surely differ from each other, those asked first."""
    return unlike(questions_for(user).filter(group=group), most)


def unlike(rows: QuerySet[UnansweredQuestion], most: int) -> list[UnansweredQuestion]:
    """Those that surely differ from each other, asked first."""
    found: dict[str, UnansweredQuestion] = {}
    for one in rows.select_related("run").order_by("asked_at", "pk")[: most * 10]:
        found.setdefault(question_key(one.text) or one.text, one)
    return list(found.values())[:most]


@transaction.atomic
def begin_document(*, group: QuestionGroup, by: AbstractBaseUser) -> Document:
    """A draft with the questions as headings and nothing below them, which serves nobody until
    somebody writes and publishes it. The same again gives the draft back. Raises ValueError."""
    locked = QuestionGroup.objects.select_for_update().get(pk=group.pk)
    if locked.document is not None:
        return locked.document
    texts = [one.text for one in examples_for(locked, by)]
    if not texts:
        raise ValueError("You may see no question of this group any more.")
    name = f"unanswered-{locked.pk}.md"
    upload = check_upload(
        io.BytesIO(draft_of(texts).encode()), file_name=name, title=texts[0], publish=False
    )
    version, _ = add_version(upload=upload, created_by=by, note="Begun from unanswered questions")
    locked.document = version.document
    locked.save(update_fields=["document"])
    audit.record(
        action="questions.document_begun", target=locked, actor=by, document=version.document_id
    )
    return version.document


def draft_of(questions: Sequence[str]) -> str:
    """Markdown: each question a heading. What stands in a question is no markup."""
    lines = [" ".join(text.split()) for text in questions]
    return "\n\n".join(f"## {line.translate(_PLAIN)}" for line in lines) + "\n"


_PLAIN = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_[]<>#!|~"})


@transaction.atomic
def begin_curated_answer(*, group: QuestionGroup, by: AbstractBaseUser) -> CuratedAnswer:
    """A curated answer for the questions, not served and without a text. The same again gives it
    back. Raises ValueError."""
    locked = QuestionGroup.objects.select_for_update().get(pk=group.pk)
    if locked.curated_answer is not None:
        return locked.curated_answer
    examples = examples_for(locked, by)
    if not examples:
        raise ValueError("You may see no question of this group any more.")
    first, *others = examples
    reader = Audience(first.run.reader)
    answer = promote(said=Said(first.text, "", (), reader, first.run_id), by=by)
    for one in others:
        CuratedQuestion.objects.create(answer=answer, text=one.text[:500])
    locked.curated_answer = answer
    locked.save(update_fields=["curated_answer"])
    audit.record(
        action="questions.curated_begun", target=locked, actor=by, curated_answer=answer.pk
    )
    return answer


def dismiss_group(*, group: QuestionGroup, by: AbstractBaseUser) -> None:
    """Nothing is to be written for it. More questions may join it, and it stays dismissed."""
    _close(group, _Status.DISMISSED, by, "questions.dismissed")


def reopen_group(*, group: QuestionGroup, by: AbstractBaseUser) -> None:
    """Undo a dismissal, or “answered now”. A group that had closed by itself does not do so
    again."""
    _close(group, _Status.OPEN, by, "questions.reopened")


@transaction.atomic
def _close(
    group: QuestionGroup, status: QuestionGroup.Status, by: AbstractBaseUser, action: str
) -> None:
    locked = QuestionGroup.objects.select_for_update().get(pk=group.pk)
    if locked.status == status:
        return
    before, locked.status = locked.status, status
    is_open = status == _Status.OPEN
    if before == _Status.ANSWERED and locked.closed_by_id is None:
        locked.stays_open = True
    locked.closed_by_id = None if is_open else by.pk
    locked.closed_at = None if is_open else timezone.now()
    locked.answered_by = None
    locked.save(update_fields=["status", "closed_by", "closed_at", "answered_by", "stays_open"])
    audit.record(action=action, target=locked, actor=by, before=before, after=status.value)


def ask_again(*, group: QuestionGroup, by: AbstractBaseUser) -> list[Again]:
    """Ask some of its questions of today's documents and curated answers. Once each has an answer,
    the group is closed. Raises AnswerError."""
    found = [ask_once_more(one) for one in examples_for(group, by, ASKED_AGAIN)]
    if found and all(one.is_answered for one in found):
        _close(group, _Status.ANSWERED, by, "questions.answered")
    return found


def ask_once_more(one: UnansweredQuestion) -> Again:
    """Raises AnswerError."""
    asked = one.run.asked
    reader, day = Audience(one.run.reader), timezone.localdate()
    curated = find_curated(asked, day=day, reader=reader, stands_alone=True)
    if curated is not None:
        rests_on = curated.sources.exclude(document=None).values_list("document_id", flat=True)
        return Again(one.text, True, curated.text, tuple(rests_on))
    question = Question(
        message_id=uuid.uuid4(),  # of no message: nothing is stored
        conversation_id=uuid.uuid4(),
        text=asked,
        history=(),
        as_of=day,
        reader=reader,
    )
    trial = async_to_sync(try_question)(question)
    cited = [
        int(citation["document_id"])
        for sentence in trial.sentences
        for citation in sentence.citations
        if citation.get("document_id")
    ]
    is_answered = trial.outcome == AnswerRun.Outcome.ANSWERED
    return Again(one.text, is_answered, trial.text, tuple(cited))
