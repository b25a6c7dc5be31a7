"""Curated answers: made of what was said, matched with questions, reviewed when sources change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from knowledge.models import (
    Audience,
    CuratedAnswer,
    CuratedQuestion,
    CuratedSource,
    Document,
    DocumentVersion,
    Passage,
)
from knowledge.text.same_question import is_self_contained, question_key


class CuratedError(ValueError):
    """`str()` is a sentence for an editor."""


@dataclass(frozen=True)
class CitedWords:
    """Words of a version of a document, as an answer cited them."""

    document_id: int
    version: int
    quote: str


@dataclass(frozen=True)
class Said:
    """A reply to a question, the words it cites, and for whom it was."""

    question: str
    text: str
    cited: tuple[CitedWords, ...] = ()
    audience: Audience = Audience.PUBLIC
    run_id: UUID | None = None


@transaction.atomic
def promote(*, said: Said, by: AbstractBaseUser) -> CuratedAnswer:
    """A curated answer of what was said. It is not served until somebody has looked at it and
    switches it on."""
    answer = CuratedAnswer.objects.create(
        text=said.text,
        audience=said.audience,
        is_on=False,
        from_run=said.run_id,
        created_by_id=by.pk,
    )
    CuratedQuestion.objects.create(answer=answer, text=" ".join(said.question.split())[:500])
    for words in dict.fromkeys(said.cited):
        version = DocumentVersion.objects.filter(
            document=words.document_id, number=words.version
        ).first()
        if version is not None:
            CuratedSource.objects.create(
                answer=answer,
                document_id=words.document_id,
                version=version,
                quote=words.quote[:1000],
            )
    return answer


def find_curated(
    text: str,
    *,
    day: dt.date,
    reader: Audience,
    stands_alone: bool,
    collections: Sequence[int] | None = None,
) -> CuratedAnswer | None:
    """The answer for this question, if one is in effect and rests on what is. `stands_alone`:
    nothing was said before. Otherwise the question itself must need nothing of it."""
    key = question_key(text)
    if not key or not (stands_alone or is_self_contained(text)):
        return None
    # Every question passes here, and nearly all of them end here.
    ids = list(CuratedQuestion.objects.filter(key=key).values_list("answer", flat=True))
    if not ids:
        return None
    found = CuratedAnswer.objects.in_effect(day).resting(day)
    found = found.filter(pk__in=ids, audience__in=Audience.seen_by(reader))
    if collections is not None:
        elsewhere = CuratedSource.objects.filter(answer=OuterRef("pk"))
        found = found.exclude(Exists(elsewhere.exclude(document__collection__in=collections)))
    narrowest_first = {audience: -at for at, audience in enumerate(Audience)}
    return min(
        found, key=lambda one: (narrowest_first[Audience(one.audience)], -one.pk), default=None
    )


def passages_of(answer: CuratedAnswer) -> list[tuple[Passage, str]]:
    """The passage with the words of each source, and these words; the first passage for a whole
    document."""
    found = []
    for source in answer.sources.select_related("version__document"):
        passages = Passage.objects.filter(version=source.version).select_related(
            "version__document"
        )
        passage = find_words(passages, source.quote) or passages.order_by("position").first()
        if passage is not None:
            found.append((passage, source.quote if source.quote in passage.text else ""))
    return found


def find_words(passages: Iterable[Passage], quote: str) -> Passage | None:
    """The passage that has these words; None for no words."""
    return next((one for one in passages if quote and quote in one.text), None)


def version_in_effect(document: Document, day: dt.date) -> DocumentVersion | None:
    served = Passage.objects.filter(version=OuterRef("pk"), published=True, effective__includes=day)
    return document.versions.filter(Exists(served)).order_by("-number").first()


@transaction.atomic
def confirm_sources(*, answer: CuratedAnswer, by: AbstractBaseUser) -> None:
    """The answer still holds: let it rest on the versions in effect today. Raises CuratedError if
    a document has none, is not for all the answer is for, or lacks the words."""
    today = timezone.localdate()
    for source in answer.sources.select_related("document"):
        if source.document is None:
            raise CuratedError(
                "A document it rested on was deleted. Remove that source, or switch the answer off."
            )
        source.version = pinned_version(source.document, source.quote, Audience(answer.audience))
        source.save(update_fields=["version"])
    if not CuratedAnswer.objects.filter(pk=answer.pk).resting(today).exists():
        raise CuratedError("It rests on nothing yet. Add the documents that say the same.")
    answer.reviewed_by_id, answer.reviewed_at = by.pk, timezone.now()
    answer.save(update_fields=["reviewed_by", "reviewed_at", "updated_at"])


def pinned_version(document: Document, quote: str, audience: Audience) -> DocumentVersion:
    """The version in effect today, which must have the words and be for the audience. Raises
    CuratedError."""
    version = version_in_effect(document, timezone.localdate())
    if version is None:
        raise CuratedError(f"“{document.title}” has no version in effect today.")
    if Audience(version.audience) not in Audience.seen_by(audience):
        who = Audience(version.audience).label.lower()
        raise CuratedError(f"“{document.title}” is for {who}, and the answer is for more people.")
    if quote and find_words(Passage.objects.filter(version=version), quote) is None:
        raise CuratedError(
            f"“{document.title}” does not have these words: “{quote[:80]}”. Copy them from its "
            "version in effect, or leave them out."
        )
    return version
