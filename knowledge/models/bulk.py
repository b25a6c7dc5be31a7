"""What was asked to be done with many documents at once, and how far it is."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models


class BulkJob(models.Model):
    """One bulk step of an editor; workers do it item by item.

    Its id is the `batch` of the events that it writes, by which it is undone. `items` are ids of
    documents, or of events where the action is to undo them; the first `done` have been dealt with.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    action = models.CharField(max_length=20)
    items = ArrayField(models.BigIntegerField())
    done = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    left = models.JSONField(
        default=list, blank=True, help_text="A sentence on each item that was not changed."
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-created_at"]
        indexes: ClassVar = [
            # knowledge.services.lifecycle.bulk: what is left to do, polled by every worker
            models.Index(
                fields=["created_at"],
                name="bulk_job_unfinished",
                condition=models.Q(finished_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {len(self.items)}"

    @property
    def total(self) -> int:
        return len(self.items)
