"""EvaluationRun: what one evaluation found, kept so that quality can be seen over time."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class EvaluationRun(models.Model):
    name = models.CharField(max_length=40, help_text="What was evaluated, such as retrieval.")
    data = models.CharField(max_length=200, help_text="Name of the folder of judged data.")
    questions = models.PositiveIntegerField(help_text="Questions that were judged.")
    settings = models.JSONField(default=dict, blank=True, help_text="Of each arm, by its name.")
    figures = models.JSONField(default=dict, blank=True, help_text="What was found.")
    index_model = models.CharField(max_length=300, blank=True, help_text="The embedding model.")
    code_version = models.CharField(
        max_length=100, blank=True, help_text="Of supportbot, where it is known."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-created_at", "-id"]
        indexes: ClassVar = [
            # supportbot.evaluation.stored_runs: a folder's runs, newest first
            models.Index(fields=["name", "data", "-created_at"], name="evaluation_run_of_data")
        ]

    def __str__(self) -> str:
        return f"{self.name} on {self.data}, {self.created_at:%d %b %Y %H:%M}"
