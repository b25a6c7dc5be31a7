"""Sources, refreshed here and now as workers would, without the waiting."""

from __future__ import annotations

import datetime as dt

from django.db.models import F
from django.utils import timezone

from knowledge.models import Document, DocumentVersion, WebPage, WebSource
from knowledge.services.web.queue import claim_due_source
from knowledge.services.web.sources import Wanted, check_web_source, create_web_source
from knowledge.services.web.sync import open_fetcher, sync_source
from tests.conftest import process_waiting

MOST_STEPS = 300


def add_source(**wanted: object) -> WebSource:
    checked = check_web_source(Wanted(**{"collection": "Help", **wanted}))  # type: ignore[arg-type]
    return create_web_source(checked=checked)


def steps(most: int = MOST_STEPS) -> int:
    """Do so many due steps, and no more than there are; returns how many there were."""
    with open_fetcher() as fetcher:
        for done in range(most):
            source = claim_due_source()
            if source is None:
                return done
            sync_source(source, fetcher)
    return most


def refresh(source: WebSource) -> WebSource:
    """A whole run, with the documents read at its end. All waiting is passed over."""
    WebSource.objects.filter(pk=source.pk, status=WebSource.Status.IDLE).update(
        next_run_at=timezone.now()
    )
    for _ in range(MOST_STEPS):
        if steps():
            pass_time()
        source.refresh_from_db()
        if source.status == WebSource.Status.IDLE:
            process_waiting()
            return source
    raise AssertionError("the run does not end")


def pass_time(hours: float = 1) -> None:
    """As if so much time had passed for every run that is under way."""
    passed = dt.timedelta(hours=hours)
    WebSource.objects.filter(status=WebSource.Status.RUNNING).update(
        lease_until=F("lease_until") - passed, last_started_at=F("last_started_at") - passed
    )
    WebPage.objects.exclude(fetched_at=None).update(fetched_at=F("fetched_at") - passed)


def page_of(source: WebSource, path: str) -> WebPage:
    return WebPage.objects.get(source=source, url__endswith=path)


def served(collection: str = "Help") -> dict[str, str]:
    """What readers are served: address → text."""
    versions = DocumentVersion.objects.filter(
        state=DocumentVersion.State.PUBLISHED, document__collection__name=collection
    ).select_related("document")
    return {version.document.external_id: version.markdown for version in versions}


def versions_of(url: str) -> list[DocumentVersion]:
    return list(Document.objects.get(external_id=url).versions.order_by("number"))
