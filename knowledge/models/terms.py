"""What search by words needs to know of all served passages together.

Triggers on the table of passages keep both tables in step, within whatever transaction changes what
is served (migration 0006).
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Term(models.Model):
    """In how many served passages a term stands; `id` is its number (knowledge.terms)."""

    id = models.IntegerField(primary_key=True)
    passages = models.IntegerField()

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"term {self.pk}: {self.passages}"


class Revision(models.Model):
    """One row: `number` grows with every change of what is served, so that what was found before
    can be told from what would be found now; `passages` counts what is served."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    number = models.BigIntegerField(default=0)
    passages = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"revision {self.number}: {self.passages} passages"
