"""Warnings on a version: what an editor should look at, and setting one aside."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from knowledge.models import DocumentVersion, Passage, VersionWarning
from knowledge.services.lifecycle import history


@dataclass(frozen=True)
class WarningRow:
    """A warning with links to the passages it speaks of."""

    warning: VersionWarning
    link: str
    other_link: str
    other_title: str


def warnings_of(version: DocumentVersion) -> tuple[list[WarningRow], list[WarningRow]]:
    """(those that are open, those that were dismissed)"""
    related = ("passage", "other__version__document", "dismissed_by")
    rows = [_row(warning) for warning in _light(version.warnings.select_related(*related))]
    return (
        [row for row in rows if row.warning.dismissed_at is None],
        [row for row in rows if row.warning.dismissed_at is not None],
    )


def _light(warnings: QuerySet[VersionWarning]) -> QuerySet[VersionWarning]:
    entries = ("passage__terms", "passage__weights", "other__terms", "other__weights")
    heavy = (*entries, "passage__text", "other__version__markdown")
    return warnings.defer(*heavy, "other__version__page_starts")


def _row(warning: VersionWarning) -> WarningRow:
    other = warning.other
    return WarningRow(
        warning=warning,
        link=_link(warning),
        other_link=passage_link(other) if other else "",
        other_title=other.version.document.title if other else "",
    )


def _link(warning: VersionWarning) -> str:
    if warning.passage is not None:
        return passage_link(warning.passage)
    if warning.page is None:
        return ""
    url = reverse("admin:knowledge_document_read", args=[warning.version_id])
    return f"{url}?page={warning.page}"


def passage_link(passage: Passage) -> str:
    """To a passage beside its source."""
    url = reverse("admin:knowledge_document_read", args=[passage.version_id])
    return f"{url}?passage={passage.pk}#text-{passage.pk}"


def dismiss_warning(*, warning: VersionWarning, by: AbstractBaseUser) -> bool:
    """Set a warning aside, with who and when. False when somebody did already."""
    open_ = VersionWarning.objects.filter(pk=warning.pk, dismissed_at=None)
    with transaction.atomic():
        changed = open_.update(dismissed_by=by, dismissed_at=timezone.now())
        if changed:
            _record("warning_dismissed", warning, by)
    return bool(changed)


def bring_back_warning(*, warning: VersionWarning, by: AbstractBaseUser) -> bool:
    """Open a dismissed warning again. False when it was open."""
    dismissed = VersionWarning.objects.filter(pk=warning.pk, dismissed_at__isnull=False)
    with transaction.atomic():
        changed = dismissed.update(dismissed_by=None, dismissed_at=None)
        if changed:
            _record("warning_brought_back", warning, by)
    return bool(changed)


def _record(action: str, warning: VersionWarning, by: AbstractBaseUser) -> None:
    history.record(
        action=action,
        document=warning.version.document,
        version=warning.version,
        by=by,
        code=warning.code,
        text=warning.text,
    )
