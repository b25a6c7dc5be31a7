"""Answers that are kept to be given again, and what became of those that were answered anew."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from knowledge.models import Audience


class CachedAnswer(models.Model):
    """An answer that may be given again to whoever surely asks the same.

    It is bound to the passages it cites and to the best ones that were found: it is dropped as soon
    as one of them is not served, or a search finds others. `revision`, `day` and `model` say for
    which state of the index, which day and which embedding model the best passages were last seen
    to be these.
    """

    key = models.CharField(max_length=64, help_text="See knowledge.text.same_question.")
    binding = models.CharField(max_length=64, help_text="Identifies what decides an answer.")
    reader = models.CharField(max_length=20, choices=Audience)
    question = models.TextField()
    sentences = models.JSONField(help_text="As the customer saw them, with their citations.")
    cited = ArrayField(models.BigIntegerField(), help_text="Ids of the passages it cites.")
    best = ArrayField(models.BigIntegerField(), help_text="Ids of the best passages, in order.")
    revision = models.BigIntegerField()
    day = models.DateField()
    model = models.CharField(max_length=300)
    run = models.ForeignKey(
        "answers.AnswerRun", on_delete=models.CASCADE, related_name="cached_answers"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    checked_at = models.DateTimeField(
        auto_now_add=True, help_text="When its passages were last the best."
    )

    class Meta:
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [
            # the look-up, which is before every search
            models.UniqueConstraint(
                fields=["key", "binding", "reader"], name="cached_answer_unique"
            )
        ]

    def __str__(self) -> str:
        return self.question[:60]


class CacheCheck(models.Model):
    """A question that was answered from the cache and then anew, to compare."""

    question = models.TextField()
    cached_run = models.ForeignKey(
        "answers.AnswerRun",
        on_delete=models.CASCADE,
        related_name="+",
        help_text="The run whose answer was given again.",
    )
    new_run = models.ForeignKey("answers.AnswerRun", on_delete=models.CASCADE, related_name="+")
    agrees = models.BooleanField(help_text="The new answer rests on what the cached one rests on.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return self.question[:60]
