"""Questions that the documents do not answer, in groups of the same meaning; and what agents put in
place of the bot's words, as proposals to the content team."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from pgvector.django import HalfVectorField

from knowledge.models import CuratedAnswer, Document, DocumentVersion
from supportbot.answers.models import AnswerRun


class QuestionGroup(models.Model):
    """Unanswered questions that mean much the same. It holds no words of its own: it is called by
    the question asked first, of those that the reader may see."""

    class Status(models.TextChoices):
        OPEN = "open", "Unanswered"
        ANSWERED = "answered", "Answered now"
        DISMISSED = "dismissed", "Dismissed"

    status = models.CharField(max_length=20, choices=Status, default=Status.OPEN)
    model = models.CharField(max_length=300, help_text="The embedding model of the mean.")
    mean = HalfVectorField(help_text="Of its questions' vectors, each of length 1.")
    size = models.PositiveIntegerField(default=1, help_text="How many the mean is of.")
    document = models.ForeignKey(
        Document,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="The draft that was begun for it.",
    )
    curated_answer = models.ForeignKey(
        CuratedAnswer, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    closed_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        Document,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="The document whose publication closed it.",
    )
    asked_again_at = models.DateTimeField(
        null=True, blank=True, help_text="When its questions were last asked by themselves."
    )
    stays_open = models.BooleanField(
        default=False,
        help_text="Somebody put it back after it had closed by itself: only people close it.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = "group of unanswered questions"
        verbose_name_plural = "unanswered questions"

    def __str__(self) -> str:
        return f"Group {self.pk} of unanswered questions"


class UnansweredQuestion(models.Model):
    """A question that ended without an answer; it goes with its run. `text` is masked."""

    run = models.OneToOneField(
        AnswerRun, primary_key=True, on_delete=models.CASCADE, related_name="unanswered"
    )
    group = models.ForeignKey(QuestionGroup, on_delete=models.CASCADE, related_name="questions")
    text = models.TextField()
    asked_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-asked_at"]
        indexes: ClassVar = [
            # the list: how often a group was asked, this week and before
            models.Index(fields=["group", "asked_at"], name="unanswered_of_group")
        ]

    def __str__(self) -> str:
        return self.text[:60]


class Proposal(models.Model):
    """What an agent said in place of the bot, and what of it should stand in the documents or in a
    curated answer. Its words are masked copies; it goes with its run."""

    class Cause(models.TextChoices):
        EDITED = "edited", "Draft edited"
        REJECTED = "rejected", "Draft rejected"
        RATED = "rated", "Answer rated not helpful"

    class Kind(models.TextChoices):
        DOCUMENT = "document", "Document"  # it lacks the agent's words, or says otherwise
        CURATED = "curated", "Curated answer"  # the documents say the same, the bot did not

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        ACCEPTED = "accepted", "Accepted"
        DISMISSED = "dismissed", "Dismissed"
        NOTHING = "nothing", "Nothing to propose"

    run = models.OneToOneField(
        AnswerRun, primary_key=True, on_delete=models.CASCADE, related_name="proposal"
    )
    cause = models.CharField(max_length=20, choices=Cause)
    reason = models.TextField(blank=True, help_text="The agent's, or the customer's comment.")
    question = models.TextField()
    bot_words = models.TextField(blank=True)
    sentences = models.JSONField(
        default=list,
        blank=True,
        help_text="Of the agent: text, found (what the documents say of it), why, document, quote.",
    )
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.DOCUMENT)
    document = models.ForeignKey(
        Document,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="To correct; none for a new one.",
    )
    status = models.CharField(max_length=20, choices=Status, default=Status.OPEN)
    version = models.ForeignKey(
        DocumentVersion,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="The draft that was made of it.",
    )
    curated_answer = models.ForeignKey(
        CuratedAnswer, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-created_at"]
        indexes: ClassVar = [
            # the list, and the number beside it in the navigation
            models.Index(fields=["status", "-created_at"], name="proposal_by_status")
        ]

    def __str__(self) -> str:
        return " ".join(self.question.split())[:60]
