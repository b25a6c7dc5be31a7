"""Collections, documents, versions and passages."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from pgvector.django import SparseVectorField

from knowledge.fields import DateMultirangeField
from knowledge.terms import NUMBERS


class Audience(models.TextChoices):
    """For whom a version is, from the widest to the narrowest."""

    PUBLIC = "public", "Everybody"
    CUSTOMERS = "customers", "Signed-in customers"
    INTERNAL = "internal", "Staff only"

    @classmethod
    def seen_by(cls, reader: Audience) -> list[Audience]:
        """What a reader may read: a signed-in customer also what is for everybody, and so on."""
        return list(cls)[: list(cls).index(reader) + 1]


def default_locale() -> str:
    return str(settings.DEFAULT_LOCALE)


class Collection(models.Model):
    """A named set of documents, such as one product line's or one test's."""

    name = models.CharField(max_length=100, unique=True)
    temporary = models.BooleanField(
        default=False,
        help_text="Put in for a measurement and removed after it: never compared with others.",
    )
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
    locale = models.CharField(
        max_length=35, default=default_locale, help_text="A language tag, such as en or en-GB."
    )
    source_url = models.TextField(blank=True, help_text="Where it was fetched from, if anywhere.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["title", "id"]
        permissions: ClassVar = [("publish_document", "Can publish, retire and roll back")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["collection", "external_id"], name="document_external_id_unique"
            )
        ]
        indexes: ClassVar = [
            # retrieval: the languages that questions are read in
            models.Index(fields=["locale"], name="document_locale"),
        ]

    def __str__(self) -> str:
        return self.title


class DocumentVersionQuerySet(models.QuerySet["DocumentVersion"]):
    def in_progress(self) -> Self:
        return self.filter(status__in=DocumentVersion.IN_PROGRESS)

    def claimable(self, now: dt.datetime) -> Self:
        """Waiting, or left behind by a worker whose lease ran out."""
        return self.in_progress().filter(Q(lease_until=None) | Q(lease_until__lt=now))

    def awaiting_check(self) -> Self:
        """Read, and to be published as soon as the content has been checked."""
        return self.filter(
            status=DocumentVersion.Status.READY,
            state__in=[DocumentVersion.State.DRAFT, DocumentVersion.State.IN_REVIEW],
            publish_when_ready=True,
            check_first=True,
        )


class DocumentVersion(models.Model):
    class Status(models.TextChoices):
        """How far the processing is. Each step leaves its result in the database."""

        QUEUED = "queued", "Waiting"
        SPLITTING = "splitting", "Splitting into passages"
        EMBEDDING = "embedding", "Preparing for search"
        READY = "ready", "Read"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    class State(models.TextChoices):
        """Whether readers are served from it."""

        DRAFT = "draft", "Draft"
        IN_REVIEW = "in_review", "In review"
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
    audience = models.CharField(max_length=20, choices=Audience, default=Audience.PUBLIC)
    publish_when_ready = models.BooleanField(
        default=True, help_text="Publish it as soon as it is read; else it stays a draft."
    )
    check_first = models.BooleanField(
        default=False,
        help_text="Publish it only once its content has been checked and contradicts nothing.",
    )
    publisher = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Who decided that it is published when ready, if not who uploaded it.",
    )

    markdown = models.TextField(blank=True, help_text="The text as it was read.")
    page_starts = ArrayField(
        models.PositiveIntegerField(),
        default=list,
        blank=True,
        help_text="Character offset in the text at which each page starts; empty without pages.",
    )
    scanned_pages = ArrayField(
        models.PositiveIntegerField(),
        default=list,
        blank=True,
        help_text="Pages, from 1, whose text was read from a picture of them.",
    )
    pages_read = models.PositiveIntegerField(
        default=0, help_text="Scanned pages read so far, while it is being read."
    )
    pages_to_read = models.PositiveIntegerField(default=0, help_text="Scanned pages in all.")
    progress_done = models.PositiveIntegerField(default=0, help_text="Passages embedded.")
    progress_total = models.PositiveIntegerField(default=0, help_text="Passages in all.")
    passages_digest = models.CharField(
        max_length=64, blank=True, help_text="Identifies the passages it was split into, in order."
    )
    error = models.TextField(blank=True, help_text="For an editor: what is wrong and what to do.")
    step_started_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(
        null=True, blank=True, help_text="When its content was last checked for warnings."
    )
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
            models.Index(fields=["content_hash"], name="version_content_hash"),  # stored_files
            # DocumentVersionQuerySet.awaiting_check, polled by every worker
            models.Index(
                fields=["id"],
                name="version_awaiting_check",
                condition=Q(
                    status="ready",
                    state__in=["draft", "in_review"],
                    publish_when_ready=True,
                    check_first=True,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.document.title}, version {self.number}"

    @property
    def is_awaiting_check(self) -> bool:
        """As the queryset's awaiting_check."""
        is_unpublished = self.state in {self.State.DRAFT, self.State.IN_REVIEW}
        is_decided = self.publish_when_ready and self.check_first
        return self.status == self.Status.READY and is_unpublished and is_decided


class PassageQuerySet(models.QuerySet["Passage"]):
    def live(self, as_of: dt.date, reader: Audience = Audience.PUBLIC) -> Self:
        """Passages that a reader may be served on the day `as_of`."""
        audiences = Audience.seen_by(reader)
        return self.filter(published=True, effective__includes=as_of, audience__in=audiences)


class PassageManager(models.Manager.from_queryset(PassageQuerySet)):  # type: ignore[misc]
    """Without the entries for search, which only statements read and which are most of a row."""

    def get_queryset(self) -> PassageQuerySet:
        found: PassageQuerySet = super().get_queryset().defer("terms", "weights")
        return found


class Passage(models.Model):
    """A quotable piece of a version.

    `text` is what is quoted. `context` (title and headings) is searched and embedded with it but
    never quoted. `published` and `audience` repeat the version's, and `effective` holds the days on
    which the version is the one in effect; the publishing transaction keeps all three true.
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
    audience = models.CharField(max_length=20, choices=Audience, default=Audience.PUBLIC)
    effective = DateMultirangeField(null=True)
    # For search by words; see knowledge.terms.
    terms = ArrayField(models.IntegerField(), default=list, help_text="Numbers of its terms.")
    weights = SparseVectorField(
        dimensions=NUMBERS, null=True, help_text="What each term counts for in this passage."
    )

    objects = PassageManager()

    class Meta:
        ordering: ClassVar = ["version", "position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "position"], name="passage_position_unique")
        ]
        indexes: ClassVar = [
            # retrieval: candidates by words. Small pending lists: a search reads them row by row.
            GinIndex(
                fields=["terms"],
                name="passage_terms",
                condition=Q(published=True),
                gin_pending_list_limit=256,
            ),
            # retrieval: what a reader may read, and how much a choice of collections leaves
            models.Index(
                fields=["audience", "collection"],
                name="passage_served",
                condition=Q(published=True),
            ),
            # retrieval: from an embedding to the passages with that text
            models.Index(fields=["text_hash"], name="passage_text_hash"),
        ]

    def __str__(self) -> str:
        return f"{self.context}: {self.text[:60]}"


class VersionWarning(models.Model):
    """Something an editor should look at before or after publishing. Only an open contradiction
    stops anything: publication without a person, see
    knowledge.services.lifecycle.checked_publication."""

    version = models.ForeignKey(DocumentVersion, on_delete=models.CASCADE, related_name="warnings")
    code = models.CharField(max_length=40)
    text = models.TextField(help_text="For an editor: what was noticed and what to do.")
    page = models.PositiveIntegerField(null=True, blank=True)
    passage = models.ForeignKey(
        Passage, null=True, blank=True, on_delete=models.CASCADE, related_name="warnings"
    )
    other = models.ForeignKey(
        Passage,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        help_text="The passage that it repeats or contradicts.",
    )
    dismissed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    dismissed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["version", "page", "id"]

    def __str__(self) -> str:
        return self.text
