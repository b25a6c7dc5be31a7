"""AnswerRun: how one question was answered, stored while it happens."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q

from knowledge.models import Audience
from supportbot.answers.cache_models import CacheCheck, CachedAnswer
from supportbot.answers.policy_models import FiredRule
from tickets.models import Conversation, Customer, Message

__all__ = [
    "AnswerRun",
    "AnswerRuns",
    "CacheCheck",
    "CachedAnswer",
    "Citation",
    "FiredRule",
    "ModelCall",
    "Spending",
]


class AnswerRuns(models.QuerySet["AnswerRun"]):
    def unfinished(self) -> AnswerRuns:
        return self.filter(status__in=[AnswerRun.Status.QUEUED, AnswerRun.Status.RUNNING])

    def next_in_turn(self) -> AnswerRuns:
        """The first unfinished run of each conversation. Runs without one have no turn: whoever
        asked waits for them, and nobody takes them over."""
        earlier = AnswerRun.objects.unfinished().filter(
            conversation=OuterRef("conversation"), question__seq__lt=OuterRef("question__seq")
        )
        return self.unfinished().filter(conversation__isnull=False).exclude(Exists(earlier))

    def orphaned(self, before: dt.datetime) -> AnswerRuns:
        """Runs without a conversation whose lease ended before a moment: their process died."""
        return self.unfinished().filter(conversation=None, lease_until__lt=before)


class AnswerRun(models.Model):
    class Status(models.TextChoices):
        QUEUED = "queued", "Waiting"
        RUNNING = "running", "Running"
        COMPLETED = "completed", "Completed"
        FAILED = "failed", "Failed"

    class Delivery(models.TextChoices):
        STREAM = "stream", "Sent at once"
        DRAFT = "draft", "Draft for review"
        COMPARED = "compared", "Not sent: to compare a cached answer"

    class Outcome(models.TextChoices):
        ANSWERED = "answered", "Answered"
        NO_ANSWER = "no_answer", "No answer in the documents"
        ASKED_BACK = "asked_back", "Asked back"
        SMALL_TALK = "small_talk", "Small talk"
        REFUSED = "refused", "Refused by policy"
        HANDED_OVER = "handed_over", "Handed over to a person"
        STOPPED = "stopped", "Stopped by the customer"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Both, or neither: a program that asks over /v1/ has no conversation.
    conversation = models.ForeignKey(
        Conversation, null=True, blank=True, on_delete=models.CASCADE, related_name="runs"
    )
    question = models.OneToOneField(
        Message, null=True, blank=True, on_delete=models.CASCADE, related_name="run"
    )
    # Of a run without a conversation; with one, its messages have them.
    question_text = models.TextField(blank=True)
    history = models.JSONField(
        default=list, blank=True, help_text="What was said before: author and text of each turn."
    )
    reply = models.JSONField(
        default=dict, blank=True, help_text="What was answered: text, sentences, choices."
    )
    customer = models.ForeignKey(
        Customer, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    status = models.CharField(max_length=20, choices=Status, default=Status.QUEUED)
    delivery = models.CharField(max_length=20, choices=Delivery)
    outcome = models.CharField(max_length=20, choices=Outcome, blank=True)
    reader = models.CharField(
        max_length=20,
        choices=Audience,
        default=Audience.PUBLIC,
        help_text="Whose documents it may be answered from: the asker's, as they were signed in.",
    )

    # Only the process that holds the lease works on the run; another takes over when it expires.
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)

    results = models.JSONField(
        default=dict, blank=True, help_text="What its stages have found, until the run ends."
    )
    stages = models.JSONField(
        default=list,
        blank=True,
        help_text="Per stage and attempt: start and end in ms since the run began, the error.",
    )
    passages = models.JSONField(
        default=list, blank=True, help_text="Snapshot of what was found, best first, with scores."
    )
    retrieval = models.JSONField(
        default=dict,
        blank=True,
        help_text="How they were found: what was asked, how likely an answer is, every candidate.",
    )
    verdicts = models.JSONField(
        default=list, blank=True, help_text="Per proposed sentence: kept or dropped, and why."
    )
    policy = models.JSONField(
        default=list, blank=True, help_text="Rules that fired, with the values of the facts."
    )
    fallbacks = models.JSONField(
        default=list, blank=True, help_text="Routes that failed before the one that answered."
    )
    source_run = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="The run that wrote the answer, if it was given before.",
    )
    configuration = models.ForeignKey(
        "configuration.AnswerConfiguration",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="What decided: resolved once, when its first attempt began.",
    )
    configuration_hash = models.CharField(max_length=64, blank=True)
    routing = models.JSONField(
        default=dict,
        blank=True,
        help_text="Which routes could answer, in which order and why, and what became of each.",
    )
    route = models.CharField(max_length=40, blank=True, help_text="What wrote the answer.")
    model = models.CharField(max_length=200, blank=True)
    prompt_name = models.CharField(max_length=100, blank=True)
    prompt_hash = models.CharField(max_length=64, blank=True)
    tokens_in = models.PositiveIntegerField(default=0)
    tokens_out = models.PositiveIntegerField(default=0)
    cost = models.DecimalField(max_digits=14, decimal_places=8, default=0)
    error_code = models.CharField(max_length=60, blank=True)
    first_sentence_ms = models.PositiveIntegerField(null=True, blank=True)
    total_ms = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True, help_text="Its first attempt.")
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = AnswerRuns.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(conversation=None, question=None)
                | Q(conversation__isnull=False, question__isnull=False),
                name="run_conversation_has_question",
            )
        ]
        indexes: ClassVar = [
            # the keeper: runs that no process works on
            models.Index(
                fields=["lease_until"],
                name="run_unfinished",
                condition=Q(status__in=["queued", "running"]),
            ),
            # of one conversation: the run before this one, and the next
            models.Index(
                fields=["conversation"],
                name="run_unfinished_conversation",
                condition=Q(status__in=["queued", "running"]),
            ),
            # supportbot.metrics: counts of all runs at every scrape
            models.Index(
                fields=["status", "delivery", "outcome", "first_sentence_ms"], name="run_outcomes"
            ),
        ]

    def __str__(self) -> str:
        return f"Run {str(self.id)[:8]}"

    @property
    def conversation_key(self) -> uuid.UUID:
        """The id of its conversation. Raises ValueError if it has none."""
        return _required(self.conversation_id)

    @property
    def question_key(self) -> uuid.UUID:
        """The id of the message it answers. Raises ValueError if it answers none."""
        return _required(self.question_id)

    @property
    def asked(self) -> str:
        """The question, with the messages that were joined to it."""
        return self.question_text if self.question is None else self.question.question_text


def _required(key: uuid.UUID | None) -> uuid.UUID:
    if key is None:
        raise ValueError("the run has no conversation")
    return key


class Citation(models.Model):
    """An answer cited a version of a document. The quotes are stored with the answer's sentences.

    A citation outlives the document, so that a deleted document still has its recall list.
    """

    run = models.ForeignKey(
        AnswerRun,
        on_delete=models.CASCADE,
        related_name="citations",
        db_index=False,  # the constraint has one
    )
    document_id = models.BigIntegerField()
    version = models.PositiveIntegerField()
    created_at = models.DateTimeField(help_text="When the answer was finished.")

    class Meta:
        ordering: ClassVar = ["-created_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["run", "document_id", "version"], name="citation_unique"
            )
        ]
        indexes: ClassVar = [
            # supportbot.answers.recall: the answers that cited a document, newest first
            models.Index(
                fields=["document_id", "version", "-created_at"], name="citation_of_document"
            )
        ]

    def __str__(self) -> str:
        return f"Document {self.document_id}, version {self.version}"


class ModelCall(models.Model):
    """One request to a language model, stored before it is sent: also of a failed attempt, a
    rewrite, or a process that died meanwhile."""

    class Operation(models.TextChoices):
        ANSWER = "answer", "Answer"
        REWRITE = "rewrite", "Rewrite of the question"
        CHECK = "check", "Check"
        JUDGE = "judge", "Second opinion"
        TRIAL = "trial", "Trial of a route"
        SUMMARY = "summary", "Summary for an agent"
        REWORD = "reword", "Agent’s text reworded"
        TRANSCRIBE = "transcribe", "Speech written down"

    COMPLETE = "complete"  # the outcome of a call that ended well

    run = models.ForeignKey(
        AnswerRun, null=True, blank=True, on_delete=models.CASCADE, related_name="model_calls"
    )
    operation = models.CharField(max_length=20, choices=Operation)
    route = models.CharField(max_length=40)
    model = models.CharField(max_length=200, help_text="As the server names it, once it answers.")
    prompt_name = models.CharField(max_length=100, blank=True)
    prompt_hash = models.CharField(max_length=64, blank=True)
    messages = models.JSONField(default=list, help_text="As they were sent.")
    text = models.TextField(blank=True, help_text="As it came, before any check.")
    tokens_in = models.PositiveIntegerField(default=0)
    tokens_out = models.PositiveIntegerField(default=0)
    is_estimate = models.BooleanField(
        default=True, help_text="The server did not count the tokens, or not yet."
    )
    cost = models.DecimalField(max_digits=14, decimal_places=8, default=0)
    currency = models.CharField(max_length=3, blank=True)
    outcome = models.CharField(
        max_length=40, blank=True, help_text="“complete”, why it failed, or empty: not ended."
    )
    detail = models.CharField(max_length=500, blank=True)
    first_token_ms = models.PositiveIntegerField(null=True, blank=True)
    total_ms = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            # the admin's list, by route and outcome within days
            models.Index(fields=["route", "-created_at"], name="model_call_of_route")
        ]

    def __str__(self) -> str:
        return f"{self.get_operation_display()} by {self.route}"


class Spending(models.Model):
    """What models have cost of a budget: in a conversation, for a visitor on a day, on a day, in a
    month. Money is reserved before a call and corrected after it."""

    class Scope(models.TextChoices):
        CONVERSATION = "conversation", "Conversation"
        VISITOR = "visitor", "Visitor, in a day"
        DAY = "day", "Day"
        MONTH = "month", "Month"

    scope = models.CharField(max_length=20, choices=Scope)
    key = models.CharField(max_length=100, help_text="Whose, or of which time.")
    amount = models.DecimalField(max_digits=16, decimal_places=8, default=0)
    limit = models.DecimalField(
        max_digits=16,
        decimal_places=8,
        null=True,
        blank=True,
        help_text="The budget, once it was reached.",
    )
    currency = models.CharField(max_length=3)
    reached_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["-updated_at"]
        verbose_name_plural = "spending"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "key", "currency"], name="spending_unique")
        ]

    def __str__(self) -> str:
        return f"{self.get_scope_display()} {self.key}"
