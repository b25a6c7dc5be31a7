"""Where an agent said something else than the bot: drafts that were edited or rejected, and answers
that a customer rated not helpful before an agent wrote."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from supportbot.answers.models import AnswerRun
from supportbot.learning.edits import EDITED, REJECTED, outcome_of
from supportbot.learning.models import Proposal
from tickets.models import AuditEntry, Draft, Feedback, Message

DAYS = 90  # older ones are not taken up
AT_ONCE = 20
PATIENCE = dt.timedelta(days=1)  # for the reply that follows a rejection or a rating
_Author, _Cause = Message.Author, Proposal.Cause


@dataclass(frozen=True)
class Correction:
    """`words` are the agent's, "" where none came; `cited` the documents of the bot's words."""

    run: AnswerRun
    cause: str
    question: str
    bot_words: str
    words: str
    reason: str = ""
    cited: tuple[int, ...] = ()


def waiting_corrections() -> Iterator[Correction]:
    """Those that nobody has made a proposal of yet, oldest first."""
    now = timezone.now()
    yield from _of_drafts(now)
    yield from _of_ratings(now)


def _unproposed() -> Exists:
    """That the row's `run_id` is of a run of which there is no proposal."""
    return Exists(AnswerRun.objects.filter(pk=OuterRef("run_id"), proposal=None))


def _of_drafts(now: dt.datetime) -> Iterator[Correction]:
    written = Message.objects.filter(
        conversation=OuterRef("question__conversation"),
        author=_Author.AGENT,
        seq__gt=OuterRef("question__seq"),
    )
    edited = Q(status=Draft.Status.APPROVED) & ~Q(reply__text=F("text"))
    rejected = Q(status=Draft.Status.REJECTED) & (
        Exists(written) | Q(decided_at__lt=now - PATIENCE)
    )
    drafts = Draft.objects.filter(
        edited | rejected, _unproposed(), decided_at__gt=now - dt.timedelta(days=DAYS)
    )
    for draft in drafts.select_related("question", "reply").order_by("decided_at")[:AT_ONCE]:
        run = AnswerRun.objects.get(pk=draft.run_id)
        outcome = outcome_of(draft)
        if outcome == EDITED and draft.reply is not None:
            words, reason, cause = draft.reply.text, "", _Cause.EDITED
        elif outcome == REJECTED:
            words, reason = _written_after(draft.question), _reason_of(draft)
            cause = _Cause.REJECTED
        else:
            words, reason, cause = "", "", _Cause.EDITED  # nothing but spaces differed
        cited = _documents_in(draft.sentences)
        yield Correction(run, cause, draft.question.question_text, draft.text, words, reason, cited)


def _of_ratings(now: dt.datetime) -> Iterator[Correction]:
    written = Message.objects.filter(
        conversation=OuterRef("message__conversation"),
        author=_Author.AGENT,
        seq__gt=OuterRef("message__seq"),
    )
    rated: QuerySet[Any] = Feedback.objects.filter(
        Exists(written),
        value=Feedback.Value.DOWN,
        message__author=_Author.BOT,
        updated_at__gt=now - dt.timedelta(days=DAYS),
    ).annotate(run_id=F("message__run_id"))
    for one in rated.filter(_unproposed()).select_related("message").order_by("pk")[:AT_ONCE]:
        message: Message = one.message
        run = AnswerRun.objects.get(pk=one.run_id)
        words = _written_after(message)
        cited = _documents_in(message.sentences)
        yield Correction(run, _Cause.RATED, run.asked, message.text, words, one.comment, cited)


def _written_after(message: Message) -> str:
    """What agents wrote first after it, until the customer wrote again."""
    later = Message.objects.filter(conversation=message.conversation_id, seq__gt=message.seq)
    found: list[str] = []
    for one in later.order_by("seq")[:20]:
        if one.author == _Author.AGENT:
            found.append(one.text)
        elif found:
            break
    return "\n".join(found)


def _reason_of(draft: Draft) -> str:
    entries = AuditEntry.objects.filter(
        action="draft.rejected", object_type="draft", object_id=str(draft.pk)
    )
    entry = entries.first()
    return str(entry.data.get("reason") or "") if entry is not None else ""


def _documents_in(sentences: list[dict[str, Any]]) -> tuple[int, ...]:
    """Those cited, the one cited first first."""
    found = [
        int(citation["document_id"])
        for sentence in sentences
        for citation in sentence.get("citations", ())
        if citation.get("document_id")
    ]
    return tuple(dict.fromkeys(found))
