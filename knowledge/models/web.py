"""Web pages that become documents and are kept up to date."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from knowledge.models.documents import Audience, Collection, Document, default_locale


class WebSource(models.Model):
    """A page, a list of pages or a sitemap that is fetched again on a schedule."""

    class Kind(models.TextChoices):
        PAGE = "page", "One page"
        LIST = "list", "A list of pages"
        SITEMAP = "sitemap", "A sitemap"

    class Status(models.TextChoices):
        IDLE = "idle", "Waiting for its time"
        RUNNING = "running", "Being fetched"

    kind = models.CharField(max_length=20, choices=Kind, default=Kind.PAGE)
    url = models.TextField(blank=True)
    urls = models.TextField(blank=True, help_text="For a list: one address per line.")
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="web_sources")
    audience = models.CharField(max_length=20, choices=Audience, default=Audience.PUBLIC)
    locale = models.CharField(max_length=35, default=default_locale)
    publish = models.BooleanField(default=True, help_text="Publish pages as soon as they are read.")
    refresh_hours = models.PositiveIntegerField(
        default=24, help_text="Hours between two fetches; 0: only by hand."
    )
    max_pages = models.PositiveIntegerField(
        default=500, validators=[MinValueValidator(1), MaxValueValidator(50_000)]
    )
    active = models.BooleanField(default=True)

    status = models.CharField(max_length=20, choices=Status, default=Status.IDLE)
    error = models.TextField(blank=True, help_text="For an editor: what is wrong and what to do.")
    last_started_at = models.DateTimeField(null=True, blank=True)
    last_finished_at = models.DateTimeField(null=True, blank=True)
    next_run_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [
            # claiming what is due
            models.Index(fields=["next_run_at"], name="web_source_due", condition=Q(active=True))
        ]

    def __str__(self) -> str:
        return self.url or f"{len(self.urls.split())} addresses"


class WebPage(models.Model):
    """One address of a source and what became of it when it was last fetched."""

    class State(models.TextChoices):
        PENDING = "pending", "Not fetched yet"
        CURRENT = "current", "Up to date"
        DUPLICATE = "duplicate", "Same page as another address"
        EXCLUDED = "excluded", "Excluded by the site"
        FAILED = "failed", "Could not be fetched"
        GONE = "gone", "No longer there"

    source = models.ForeignKey(WebSource, on_delete=models.CASCADE, related_name="pages")
    url = models.TextField()
    canonical_url = models.TextField(blank=True)
    document = models.ForeignKey(
        Document, null=True, blank=True, on_delete=models.SET_NULL, related_name="web_pages"
    )
    state = models.CharField(max_length=20, choices=State, default=State.PENDING)
    error = models.TextField(blank=True, help_text="For an editor: what is wrong and what to do.")
    http_status = models.PositiveSmallIntegerField(null=True, blank=True)
    etag = models.TextField(blank=True)
    last_modified = models.CharField(max_length=100, blank=True)
    content_hash = models.CharField(max_length=64, blank=True)
    failures = models.PositiveSmallIntegerField(default=0, help_text="In a row.")
    missed = models.PositiveSmallIntegerField(
        default=0, help_text="Times in a row that the source no longer listed it."
    )
    fetched_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["source", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "url"], name="web_page_url_unique")
        ]

    def __str__(self) -> str:
        return self.url
