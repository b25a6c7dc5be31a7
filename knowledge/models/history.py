"""Who changed what, and when: the history of documents, which the database keeps append-only."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class DocumentEvent(models.Model):
    """One step in a document's life. It outlives the document, so it holds ids and names, no keys.

    For a step of the lifecycle, `data` has the versions' states `before` and `after` it, from which
    it can be undone.
    """

    document_id = models.BigIntegerField()
    document_title = models.CharField(max_length=300)
    version_number = models.PositiveIntegerField(null=True)
    action = models.CharField(max_length=40)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150)
    batch = models.UUIDField(null=True, help_text="Shared by what was done to many at once.")
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            # a document's page: its history, newest first
            models.Index(fields=["document_id", "-id"], name="document_event_document"),
            # undoing what was done to many at once
            models.Index(
                fields=["batch"],
                name="document_event_batch",
                condition=models.Q(batch__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action}: {self.document_title}"
