"""Embedding indexes and the vectors in them."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from pgvector.django import HalfVectorField


class EmbeddingIndexQuerySet(models.QuerySet["EmbeddingIndex"]):
    def complete(self) -> EmbeddingIndexQuerySet:
        """Those that hold every text: new ones are embedded in all of them before publication, so
        that questions can go to either at any moment."""
        return self.filter(state__in=EmbeddingIndex.COMPLETE)


class EmbeddingIndex(models.Model):
    """All embeddings by one model. One index is active; another may be built beside it."""

    class State(models.TextChoices):
        BUILDING = "building", "Building"
        READY = "ready", "Ready"  # complete and kept so, but questions do not go to it
        ACTIVE = "active", "Active"
        RETIRED = "retired", "Retired"  # its vectors are dropped

    COMPLETE: ClassVar = [State.READY, State.ACTIVE]

    model = models.CharField(max_length=300)
    dimensions = models.PositiveIntegerField()
    state = models.CharField(max_length=20, choices=State, default=State.BUILDING)
    progress_done = models.PositiveIntegerField(default=0, help_text="Texts embedded.")
    progress_total = models.PositiveIntegerField(default=0, help_text="Texts in all.")
    error = models.TextField(blank=True, help_text="For an operator: what is wrong.")
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)
    comparison = models.JSONField(
        default=dict, blank=True, help_text="How it compared with the active index on questions."
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    built_at = models.DateTimeField(null=True, blank=True)
    activated_at = models.DateTimeField(null=True, blank=True)

    objects = EmbeddingIndexQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "embedding indexes"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["state"], condition=Q(state="active"), name="embedding_index_one_active"
            ),
            models.UniqueConstraint(
                fields=["model"],
                condition=~Q(state="retired"),
                name="embedding_index_one_per_model",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} ({self.dimensions} dimensions)"


class Embedding(models.Model):
    """The vector of one text in one index. Each index has its own HNSW index over its rows."""

    index = models.ForeignKey(EmbeddingIndex, on_delete=models.CASCADE, related_name="embeddings")
    text_hash = models.BinaryField(max_length=32)
    vector = HalfVectorField()
    units = models.BinaryField(
        null=True, help_text="Vectors of the passage's units: knowledge.unit_vectors."
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["index", "text_hash"], name="embedding_text_unique")
        ]
        indexes: ClassVar = [
            # for services.ingestion.unit_backfill: what an earlier version put in, none otherwise
            models.Index(fields=["index"], name="embedding_without_units", condition=Q(units=None)),
        ]

    def __str__(self) -> str:
        return f"Embedding {self.pk}"
