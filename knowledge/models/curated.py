"""Answers that people wrote: for which questions, and on which versions of documents they rest."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from knowledge.models.documents import (
    Audience,
    Document,
    DocumentVersion,
    Passage,
    default_locale,
)
from knowledge.text.same_question import question_key


class CuratedAnswers(models.QuerySet["CuratedAnswer"]):
    def in_effect(self, day: dt.date) -> Self:
        """Switched on, and on one of their days."""
        return self.filter(
            Q(effective_from=None) | Q(effective_from__lte=day),
            Q(effective_until=None) | Q(effective_until__gt=day),
            is_on=True,
        )

    def resting(self, day: dt.date) -> Self:
        """Those whose sources are all in effect on the day, for everybody the answer is for."""
        sources = CuratedSource.objects.filter(answer=OuterRef("pk"))
        return self.filter(Exists(sources)).exclude(Exists(sources.gone(day)))

    def needing_review(self, day: dt.date) -> Self:
        """Those that would be served, if their sources had not changed."""
        return self.in_effect(day).exclude(pk__in=self.resting(day))


class CuratedAnswer(models.Model):
    """A reply that a person wrote or approved. It wins over every other route, while its sources
    are in effect; a change of one of them asks for review."""

    text = models.TextField(
        max_length=5000, help_text="As customers read it. Lines that begin with “- ” are a list."
    )
    audience = models.CharField(
        max_length=20, choices=Audience, default=Audience.PUBLIC, help_text="Who may get it."
    )
    locale = models.CharField(
        "language", max_length=35, default=default_locale, help_text="A language tag, such as en."
    )
    effective_from = models.DateField(null=True, blank=True, help_text="First day in effect.")
    effective_until = models.DateField(
        null=True, blank=True, help_text="First day no longer in effect."
    )
    is_on = models.BooleanField(
        "served", default=True, help_text="Switched off, it is kept and not served."
    )
    from_run = models.UUIDField(null=True, blank=True, help_text="The run it was made from.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    reviewed_at = models.DateTimeField(null=True, blank=True)

    objects = CuratedAnswers.as_manager()

    class Meta:
        ordering: ClassVar = ["-updated_at"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(effective_from=None)
                | Q(effective_until=None)
                | Q(effective_from__lt=F("effective_until")),
                name="curated_effective_order",
            )
        ]

    def __str__(self) -> str:
        return " ".join(self.text.split())[:60] or "Not written yet"


class CuratedQuestion(models.Model):
    """A question that the answer is for. Others that surely ask the same (equal `key`) get it,
    too."""

    answer = models.ForeignKey(CuratedAnswer, on_delete=models.CASCADE, related_name="questions")
    text = models.CharField("question", max_length=500, help_text="As customers ask it.")
    key = models.CharField(max_length=64, editable=False)

    class Meta:
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [
            models.Index(fields=["key"], name="curated_question_key"),  # services.curated.find
        ]

    def __str__(self) -> str:
        return self.text

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.key = question_key(self.text)
        super().save(*args, **kwargs)


class CuratedSources(models.QuerySet["CuratedSource"]):
    def gone(self, day: dt.date) -> Self:
        """Sources whose version is not the one in effect, or not for all the answer is for."""
        served = Passage.objects.filter(
            version=OuterRef("version"), published=True, effective__includes=day
        )
        holds = Q()
        for audience in Audience:
            readable = Exists(served.filter(audience__in=Audience.seen_by(audience)))
            holds |= Q(readable, answer__audience=audience)
        return self.exclude(holds)


class CuratedSource(models.Model):
    """The version of a document that an answer rests on, and the words there."""

    answer = models.ForeignKey(CuratedAnswer, on_delete=models.CASCADE, related_name="sources")
    document = models.ForeignKey(Document, null=True, on_delete=models.SET_NULL, related_name="+")
    version = models.ForeignKey(
        DocumentVersion, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    quote = models.TextField(
        "words it rests on",
        max_length=1000,
        blank=True,
        help_text="As they stand in the document. Left empty, the whole document counts.",
    )

    objects = CuratedSources.as_manager()

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["answer", "version", "quote"], name="curated_source_unique"
            )
        ]

    def __str__(self) -> str:
        return str(self.version or self.document or "a document that was deleted")

    @property
    def is_gone(self) -> bool:
        """Whether it no longer holds today."""
        return CuratedSource.objects.filter(pk=self.pk).gone(timezone.localdate()).exists()
