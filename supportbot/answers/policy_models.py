"""Rules that fired, one row each, and what agents thought of it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models


class FiredRule(models.Model):
    """A rule that fired in a run, on its message or on a sentence of its answer."""

    class Opinion(models.TextChoices):
        RIGHT = "right", "Right"
        FALSE_ALARM = "false_alarm", "False alarm"

    run = models.ForeignKey(
        "answers.AnswerRun", on_delete=models.CASCADE, related_name="fired_rules"
    )
    rule = models.CharField(max_length=60)
    stage = models.CharField(max_length=20)
    outcome = models.CharField(max_length=20)
    severity = models.CharField(max_length=20)
    text = models.TextField(blank=True, help_text="The sentence; empty for the message.")
    opinion = models.CharField(max_length=20, choices=Opinion, blank=True)
    opinion_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            # the guardrails page: what fired this week, by rule
            models.Index(fields=["-created_at", "rule"], name="fired_rule_lately")
        ]

    def __str__(self) -> str:
        return self.rule
