"""What the list of documents shows of each: how far the reading is, and what readers are served."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from knowledge.admin.days import Days, own_days, terms_of
from knowledge.models import Document, DocumentVersion, VersionWarning

Status, State = DocumentVersion.Status, DocumentVersion.State

_STATUS_KINDS: dict[str, str] = {
    Status.READY: "success",
    Status.FAILED: "danger",
    Status.QUEUED: "warning",
    Status.CANCELLED: "",
}
STATE_KINDS: dict[str, str] = {State.PUBLISHED: "success", State.IN_REVIEW: "warning"}
# What a version in progress goes through, as an editor counts it.
STEPS: dict[str, int] = {Status.QUEUED: 1, Status.SPLITTING: 2, Status.EMBEDDING: 3}
LEAST_SHARE = 0.05  # done before an estimate is more than a guess

# The texts of versions are megabytes, and no list shows them.
LIGHT_VERSIONS = DocumentVersion.objects.defer("markdown", "page_starts")


def with_versions(documents: QuerySet[Document]) -> QuerySet[Document]:
    """Documents with their versions, newest first, and what is sorted by. A fixed number of
    statements, however many documents there are."""
    newest = DocumentVersion.objects.filter(document=OuterRef("pk")).order_by("-number")
    return (
        documents.select_related("collection")
        .prefetch_related(Prefetch("versions", LIGHT_VERSIONS.order_by("-number")))
        .annotate(
            newest_status=Subquery(newest.values("status")[:1]),
            newest_state=Subquery(newest.values("state")[:1]),
            newest_audience=Subquery(newest.values("audience")[:1]),
            open_warnings=Coalesce(Subquery(_count_open_warnings()), 0),
        )
    )


def _count_open_warnings() -> QuerySet[Any, Any]:
    """Of the document's versions that readers are served from, or may be."""
    warnings = VersionWarning.objects.filter(
        ~Q(version__state=State.RETIRED), version__document=OuterRef("pk"), dismissed_at=None
    )
    return warnings.order_by().values("version__document").annotate(n=Count("pk")).values("n")


def newest_of(document: Document) -> DocumentVersion | None:
    return next(iter(document.versions.all()), None)


def in_effect_of(document: Document, day: dt.date) -> DocumentVersion | None:
    """The version that readers are served from: of those in effect that day, the newest."""
    versions = document.versions.all()
    return next((v for v in versions if v.state == State.PUBLISHED and day in own_days(v)), None)


def count_in_progress() -> int:
    """Documents of which a version is being processed or checked, or waits for it."""
    versions = DocumentVersion.objects
    waiting = versions.in_progress().order_by() | versions.awaiting_check().order_by()
    return waiting.values("document").distinct().count()


@dataclass(frozen=True)
class Standing:
    """Where a document stands today: a label, the version it speaks of, and what comes next."""

    label: str
    kind: str
    version: DocumentVersion
    days: str
    note: str = ""


def standing_of(document: Document, today: dt.date) -> Standing | None:
    """In effect, scheduled, expired, or the newest version's state; None without versions."""
    newest = newest_of(document)
    if newest is None:
        return None
    published = [v for v in document.versions.all() if v.state == State.PUBLISHED]
    current = in_effect_of(document, today)
    coming = sorted((v for v in published if _begins_after(v, today)), key=_start)
    if current is not None:
        note = _what_comes_next(newest, current, coming)
        return Standing("In effect", "success", current, terms_of(current), note)
    if coming:
        return Standing("Scheduled", "info", coming[0], terms_of(coming[0]))
    if published:
        return Standing("Expired", "warning", published[0], terms_of(published[0]))
    label, kind = str(newest.get_state_display()), STATE_KINDS.get(newest.state, "")
    days = terms_of(newest) if newest.state != State.RETIRED else ""
    return Standing(label, kind, newest, "" if days == "always" else days)


def _start(version: DocumentVersion) -> dt.date:
    return version.effective_from or dt.date.min


def _begins_after(version: DocumentVersion, day: dt.date) -> bool:
    return version.effective_from is not None and version.effective_from > day


def _what_comes_next(
    newest: DocumentVersion, current: DocumentVersion, coming: list[DocumentVersion]
) -> str:
    if coming:
        return f"version {coming[0].number} {Days(coming[0].effective_from, None)}"
    if newest != current and newest.state in {State.DRAFT, State.IN_REVIEW}:
        return f"version {newest.number}: {str(newest.get_state_display()).lower()}"
    return ""


def render_status(version: DocumentVersion | None) -> SafeString:
    """How far the processing is, as a label with a progress bar, or the error."""
    if version is None:
        return render_to_string("knowledge/admin/status.html", {})
    now = timezone.now()
    being_read = version.status == Status.QUEUED and (version.lease_until or now) > now
    context = {
        "version": version,
        "label": _label_of(version, being_read=being_read),
        "kind": _STATUS_KINDS.get(version.status, "info"),
        "step": STEPS.get(version.status) if being_read or version.status != Status.QUEUED else 0,
        "left": estimate_left(version, now),
    }
    return render_to_string("knowledge/admin/status.html", context)


def _label_of(version: DocumentVersion, *, being_read: bool) -> str:
    if version.is_awaiting_check:
        return "Being checked"
    return "Reading" if being_read else str(version.get_status_display())


def estimate_left(version: DocumentVersion, now: dt.datetime) -> str:
    """“about 2 minutes left”, from the speed so far; empty while that says nothing."""
    done, total = version.progress_done, version.progress_total
    if version.status != Status.EMBEDDING or version.step_started_at is None or done >= total:
        return ""
    if done < LEAST_SHARE * total:
        return ""
    seconds = (now - version.step_started_at).total_seconds() / done * (total - done)
    return f"{in_words(seconds)} left"


def in_words(seconds: float) -> str:
    """A duration as people say it; an estimate deserves no more digits."""
    if seconds < 50:  # noqa: PLR2004  (rounded to ten seconds, it is no minute yet)
        return "less than a minute"
    minutes = max(1, round(seconds / 60))
    if minutes < 90:  # noqa: PLR2004
        return f"about {minutes} minute{'s' if minutes > 1 else ''}"
    return f"about {round(minutes / 60)} hours"


def render_state(document: Document) -> SafeString:
    """What readers are served of the document, and what comes next."""
    standing = standing_of(document, timezone.localdate())
    return render_to_string("knowledge/admin/state.html", {"standing": standing})


def render_cell(document: Document, name: str, content: SafeString | str) -> SafeString:
    """A cell of the list that progress.js finds and fills anew."""
    return format_html(
        '<div data-document="{}" data-cell="{}">{}</div>', document.pk, name, content
    )


def render_warnings(document: Document) -> SafeString:
    count = int(getattr(document, "open_warnings", 0))
    unchecked = any(
        version.status == Status.READY
        and version.state != State.RETIRED
        and version.checked_at is None
        for version in document.versions.all()
    )
    context = {"count": count, "unchecked": unchecked, "document": document}
    return render_to_string("knowledge/admin/warning_count.html", context)


def audience_of(document: Document) -> str:
    """Of the version readers are served from, else of the newest."""
    version = in_effect_of(document, timezone.localdate()) or newest_of(document)
    return str(version.get_audience_display()) if version else ""
