"""Results of the proof that nothing stale is served."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class FreshnessCheck(models.Model):
    """One run of knowledge.services.lifecycle.freshness, kept for the admin and the metric."""

    ok = models.BooleanField()
    problem_rows = models.PositiveIntegerField(help_text="Passages, vectors or days at fault.")
    report = models.JSONField(help_text="What was proven and what is wrong, as the command says.")
    duration_ms = models.PositiveIntegerField()
    started_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-id"]
        verbose_name = "freshness check"

    def __str__(self) -> str:
        return f"Freshness on {self.started_at:%Y-%m-%d %H:%M}"
