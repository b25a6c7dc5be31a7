"""What a document's own page shows: its versions, and of the chosen one all that can be done."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from knowledge.admin import listing
from knowledge.admin.days import Days, describe, own_days, served_days, terms_of
from knowledge.admin.describing import DescriptionForm
from knowledge.admin.history import events_of, history_rows, last_step
from knowledge.admin.panels import panels_for
from knowledge.admin.steps import STEPS, TermsForm
from knowledge.admin.warnings import warnings_of
from knowledge.locales import locale_name
from knowledge.models import Audience, Document, DocumentVersion
from knowledge.pages import name_pages
from knowledge.rights import may_publish, moves_what_is_served

State, Status = DocumentVersion.State, DocumentVersion.Status
MOST_VERSIONS = 12  # in the table at once; web pages gather hundreds
EVENTS_SHOWN = 8


@dataclass(frozen=True)
class VersionRow:
    """A version as the page's table shows it. `steps` are the names of what can be done with it."""

    version: DocumentVersion
    chosen: bool
    label: str
    kind: str
    days: str
    own_days: str
    status: SafeString
    steps: frozenset[str]


def page_context(request: HttpRequest, document: Document) -> dict[str, Any]:
    """`?version=` chooses what is shown; without it that is what readers are served, or a newer
    draft. `?all` lists all versions."""
    # Through the document, so that each version knows it without another query.
    listed = document.versions.defer("markdown", "page_starts").select_related("created_by")
    versions = list(listed.order_by("-number"))
    served = served_days(document)
    chosen = _choose(versions, request.GET.get("version", ""), served)
    publishes = may_publish(request.user)
    rows = _rows(versions, chosen, served, publishes=publishes)
    step = last_step(document.pk)
    shown = rows if "all" in request.GET else [row for row in rows if _is_shown(row, rows)]
    return {
        "document": document,
        "versions": shown,
        "version_count": len(rows),
        "row": next((row for row in rows if row.chosen), None),
        "in_progress": any(
            v.status in DocumentVersion.IN_PROGRESS or v.is_awaiting_check for v in versions
        ),
        "panels": panels_for(request, document, chosen),
        "events": history_rows(list(events_of(document.pk)[:EVENTS_SHOWN])),
        "last_step": step if publishes or not step or not moves_what_is_served([step]) else None,
        "may_publish": publishes,
        "description_form": DescriptionForm(document=document),
        "language": locale_name(document.locale),
        **(_chosen_context(chosen) if chosen else {}),
    }


def _choose(
    versions: list[DocumentVersion], number: str, served: dict[int, list[Days]]
) -> DocumentVersion | None:
    """The one with that number; else, newest first, a draft that is newer than what is live, what
    is live, or the newest."""
    today = timezone.localdate()
    for version in versions:
        if str(version.number) == number:
            return version
    for version in versions:
        is_live = any(today in days for days in served.get(version.pk, ()))
        if is_live or version.state in {State.DRAFT, State.IN_REVIEW}:
            return version
    return next(iter(versions), None)


def _is_shown(row: VersionRow, rows: list[VersionRow]) -> bool:
    return row.chosen or row.version.state == State.PUBLISHED or row in rows[:MOST_VERSIONS]


def _chosen_context(chosen: DocumentVersion) -> dict[str, Any]:
    open_warnings, dismissed = warnings_of(chosen)
    return {
        "chosen": chosen,
        "scanned": name_pages(chosen.scanned_pages) if chosen.scanned_pages else "",
        "publish_form": TermsForm.of(chosen, "publish"),
        "terms_form": TermsForm.of(chosen, "terms"),
        "warnings": open_warnings,
        "dismissed": dismissed,
        "audiences": Audience.choices,
    }


def _rows(
    versions: list[DocumentVersion],
    chosen: DocumentVersion | None,
    served: dict[int, list[Days]],
    *,
    publishes: bool,
) -> list[VersionRow]:
    today = timezone.localdate()
    begun = [v.number for v in versions if v.state == State.PUBLISHED and _has_begun(v, today)]
    rows = []
    for version in versions:
        label, kind = label_of(version, served.get(version.pk), today)
        rows.append(
            VersionRow(
                version=version,
                chosen=version == chosen,
                label=label,
                kind=kind,
                days=days_of(version, served.get(version.pk)),
                own_days=terms_of(version),
                status=listing.render_status(version),
                steps=_steps_for(version, max(begun, default=0), today, publishes=publishes),
            )
        )
    return rows


def _has_begun(version: DocumentVersion, today: dt.date) -> bool:
    return version.effective_from is None or version.effective_from <= today


def _steps_for(
    version: DocumentVersion, newest_begun: int, today: dt.date, *, publishes: bool
) -> frozenset[str]:
    """What somebody can do with it; only a version before the one in effect can be gone back to."""
    steps = {
        name
        for name, step in STEPS.items()
        if step.possible(version) and (publishes or not step.publishes(version))
    }
    if version.number >= newest_begun or today not in own_days(version):
        steps.discard("roll-back")
    return frozenset(steps)


def label_of(
    version: DocumentVersion, served: list[Days] | None, today: dt.date
) -> tuple[str, str]:
    """(label, its kind): a published version is in effect, scheduled, replaced or expired today."""
    if version.state != State.PUBLISHED:
        kind = listing.STATE_KINDS.get(version.state, "")
        return str(version.get_state_display()), kind
    if served is None:
        served = [own_days(version)]
    if any(today in days for days in served):
        return "In effect", "success"
    if any(days.start is not None and days.start > today for days in served):
        replaced = today in own_days(version)
        return ("Replaced for now", "warning") if replaced else ("Scheduled", "info")
    return "Expired", "warning"


def days_of(version: DocumentVersion, served: list[Days] | None) -> str:
    """The days on which readers are really served from it; for what is not published, its own."""
    if version.state == State.PUBLISHED and served is not None:
        return describe(served)
    limited = version.effective_from or version.effective_until
    return terms_of(version) if limited and version.state != State.RETIRED else ""
