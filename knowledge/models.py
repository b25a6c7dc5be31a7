"""Collections, documents, versions, passages and embeddings.

A document is a thing with a name ("Returns policy"). A version is one file of it, read, split and
in effect from a date to a date. A passage is a piece of a version that can be quoted. An embedding
belongs to a text, not to a passage, so equal texts are embedded once per embedding index.
"""

from __future__ import annotations

import datetime as dt
from typing import ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import F, Q
from pgvector.django import HalfVectorField

from knowledge.fields import DateMultirangeField


class Collection(models.Model):
    """A named set of documents, such as one product line's or one test's."""

    name = models.CharField(max_length=100, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class Document(models.Model):
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="documents")
    external_id = models.CharField(
        max_length=300,
        help_text="Identifies the document in its collection; the file name unless you give one.",
    )
    title = models.CharField(max_length=300)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["title", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["collection", "external_id"], name="document_external_id_unique"
            )
        ]

    def __str__(self) -> str:
        return self.title


class DocumentVersionQuerySet(models.QuerySet["DocumentVersion"]):
    def in_progress(self) -> Self:
        return self.filter(status__in=DocumentVersion.IN_PROGRESS)

    def claimable(self, now: dt.datetime) -> Self:
        """Waiting, or left behind by a worker whose lease ran out."""
        return self.in_progress().filter(Q(lease_until=None) | Q(lease_until__lt=now))


class DocumentVersion(models.Model):
    class Status(models.TextChoices):
        """How far the processing is. Each step leaves its result in the database."""

        QUEUED = "queued", "Waiting"
        SPLITTING = "splitting", "Splitting into passages"
        EMBEDDING = "embedding", "Embedding"
        READY = "ready", "Read"
        FAILED = "failed", "Failed"

    class State(models.TextChoices):
        """Whether customers are served from it."""

        DRAFT = "draft", "Draft"
        PUBLISHED = "published", "Published"
        RETIRED = "retired", "Retired"

    IN_PROGRESS: ClassVar = [Status.QUEUED, Status.SPLITTING, Status.EMBEDDING]

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    file = models.FileField(upload_to="documents/", max_length=200)
    file_name = models.CharField(max_length=300)
    content_hash = models.CharField(max_length=64, help_text="SHA-256 of the file, hexadecimal.")
    size = models.PositiveBigIntegerField(help_text="Bytes.")
    media_type = models.CharField(max_length=200, blank=True)

    status = models.CharField(max_length=20, choices=Status, default=Status.QUEUED)
    state = models.CharField(max_length=20, choices=State, default=State.DRAFT)
    effective_from = models.DateField(null=True, blank=True, help_text="First day in effect.")
    effective_until = models.DateField(
        null=True, blank=True, help_text="First day no longer in effect."
    )

    markdown = models.TextField(blank=True, help_text="The text as it was read.")
    page_starts = ArrayField(
        models.PositiveIntegerField(),
        default=list,
        blank=True,
        help_text="Character offset in the text at which each page starts; empty without pages.",
    )
    progress_done = models.PositiveIntegerField(default=0, help_text="Passages embedded.")
    progress_total = models.PositiveIntegerField(default=0, help_text="Passages in all.")
    error = models.TextField(blank=True, help_text="For an editor: what is wrong and what to do.")
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)

    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    published_at = models.DateTimeField(null=True, blank=True)

    objects = DocumentVersionQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["document", "-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["document", "number"], name="version_number_unique"),
            models.CheckConstraint(
                condition=Q(effective_from=None)
                | Q(effective_until=None)
                | Q(effective_from__lt=F("effective_until")),
                name="version_effective_order",
            ),
        ]
        indexes: ClassVar = [
            # DocumentVersionQuerySet.claimable, polled by every worker
            models.Index(
                fields=["lease_until", "id"],
                name="version_claimable",
                condition=Q(status__in=["queued", "splitting", "embedding"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.document.title}, version {self.number}"


class PassageQuerySet(models.QuerySet["Passage"]):
    def live(self, as_of: dt.date) -> Self:
        """Passages that customers may be served on the day `as_of`."""
        return self.filter(published=True, effective__includes=as_of)


class Passage(models.Model):
    """A quotable piece of a version.

    `text` is what is quoted. `context` (title and headings) is searched and embedded with it but
    never quoted. `published` repeats the version's state, and `effective` holds the days on which
    the version is the one in effect; the publishing transaction keeps both true.
    """

    version = models.ForeignKey(DocumentVersion, on_delete=models.CASCADE, related_name="passages")
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="+")
    position = models.PositiveIntegerField()
    heading = ArrayField(models.TextField(), default=list)
    context = models.TextField()
    text = models.TextField()
    char_start = models.PositiveIntegerField(help_text="Offset in the version's text.")
    char_end = models.PositiveIntegerField()
    page = models.PositiveIntegerField(null=True)
    text_hash = models.BinaryField(max_length=32, help_text="SHA-256 of what is embedded.")
    published = models.BooleanField(default=False)
    effective = DateMultirangeField(null=True)
    search = models.GeneratedField(
        expression=SearchVector("context", weight="A", config="english")
        + SearchVector("text", weight="B", config="english"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = PassageQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["version", "position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "position"], name="passage_position_unique")
        ]
        indexes: ClassVar = [
            # retrieval: full-text candidates
            GinIndex(fields=["search"], name="passage_search"),
            # retrieval: from an embedding to the passages with that text
            models.Index(fields=["text_hash"], name="passage_text_hash"),
        ]

    def __str__(self) -> str:
        return f"{self.context}: {self.text[:60]}"


class EmbeddingIndex(models.Model):
    """All embeddings by one model. One index is active; another may be built beside it."""

    class State(models.TextChoices):
        BUILDING = "building", "Building"
        READY = "ready", "Ready"
        ACTIVE = "active", "Active"
        RETIRED = "retired", "Retired"

    model = models.CharField(max_length=300)
    dimensions = models.PositiveIntegerField()
    state = models.CharField(max_length=20, choices=State, default=State.BUILDING)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "embedding indexes"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["state"], condition=Q(state="active"), name="embedding_index_one_active"
            )
        ]

    def __str__(self) -> str:
        return f"{self.model} ({self.dimensions} dimensions)"


class Embedding(models.Model):
    """The vector of one text in one index. Each index has its own HNSW index over its rows."""

    index = models.ForeignKey(EmbeddingIndex, on_delete=models.CASCADE, related_name="embeddings")
    text_hash = models.BinaryField(max_length=32)
    vector = HalfVectorField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["index", "text_hash"], name="embedding_text_unique")
        ]

    def __str__(self) -> str:
        return f"Embedding {self.pk}"
