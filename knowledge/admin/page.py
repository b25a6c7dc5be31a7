"""What a document's own page shows: its versions and the passages of the chosen one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.http import QueryDict
from django.utils.safestring import SafeString

from knowledge.admin import listing
from knowledge.admin.passages import render_passage
from knowledge.models import Document, DocumentVersion, Passage

PASSAGES_PER_PAGE = 50


@dataclass(frozen=True)
class VersionRow:
    """A version as the page's table shows it."""

    version: DocumentVersion
    chosen: bool
    dates: str
    status: SafeString


@dataclass(frozen=True)
class ReadPassage:
    """A passage with its text as safe HTML."""

    passage: Passage
    html: SafeString


def page_context(*, document: Document, query: QueryDict) -> dict[str, Any]:
    """`?version=` and `?p=` choose what is shown; anything odd in them means the newest version
    and its first passages."""
    versions = list(document.versions.all())
    chosen = _choose(versions, query.get("version", ""))
    page = _passages(chosen, query.get("p", "1"))
    return {
        "document": document,
        "chosen": chosen,
        "versions": [
            VersionRow(
                version=version,
                chosen=version == chosen,
                dates=listing.describe_dates(version),
                status=listing.render_status(version),
            )
            for version in versions
        ],
        "in_progress": any(v.status in DocumentVersion.IN_PROGRESS for v in versions),
        "page": page,
        "passages": [ReadPassage(passage, render_passage(passage.text)) for passage in page or []],
    }


def _choose(versions: list[DocumentVersion], number: str) -> DocumentVersion | None:
    wanted = (version for version in versions if str(version.number) == number)
    return next(wanted, versions[0] if versions else None)


def _passages(version: DocumentVersion | None, number: str) -> Page[Passage] | None:
    if version is None:
        return None
    passages = Passage.objects.filter(version=version).defer("search", "context")
    return Paginator(passages.order_by("position"), PASSAGES_PER_PAGE).get_page(number)
