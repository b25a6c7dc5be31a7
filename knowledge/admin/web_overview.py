"""What the admin shows of web sources: how a run goes, and what became of each page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Q, QuerySet
from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.timesince import timeuntil

from knowledge.models import WebPage, WebSource

State, Status = WebPage.State, WebSource.Status

PAGES_PER_PAGE = 100
PAGE_KINDS: dict[str, str] = {
    State.PENDING: "info",
    State.CURRENT: "success",
    State.EXCLUDED: "warning",
    State.FAILED: "danger",
}
_MINUTE = 60
_SHORT_WAIT = 5  # seconds; the pause between two requests is not worth a word


def with_counts(sources: QuerySet[WebSource]) -> QuerySet[WebSource]:
    """Sources with the numbers of their pages: in all, by state, and fetched in this run."""
    listed = Q(pages__missed=0)
    return sources.select_related("collection").annotate(
        listed=Count("pages", filter=listed),
        fetched=Count("pages", filter=listed & Q(pages__fetched_at__gte=F("last_started_at"))),
        current=Count("pages", filter=Q(pages__state__in=[State.CURRENT, State.DUPLICATE])),
        failed=Count("pages", filter=Q(pages__state=State.FAILED)),
        excluded=Count("pages", filter=Q(pages__state=State.EXCLUDED)),
        gone=Count("pages", filter=Q(pages__state=State.GONE)),
    )


@dataclass(frozen=True)
class Standing:
    """A label, its colour, and a bar where a run is under way."""

    label: str
    kind: str
    done: int = 0
    total: int = 0
    note: str = ""


def standing_of(source: Any) -> Standing:
    """How a source of `with_counts` stands now."""
    if not source.active:
        return Standing("Switched off", "")
    if source.status == Status.RUNNING:
        if source.next_run_at is not None:
            return Standing("Finding its pages", "info", note=_waits(source))
        return Standing("Fetching", "info", source.fetched, source.listed, _waits(source))
    if source.last_finished_at is None:
        return Standing("Waiting", "warning")
    if source.error or source.failed:
        return Standing("Problems", "danger")
    return Standing("Up to date", "success")


def _waits(source: WebSource) -> str:
    until = source.lease_until
    if source.lease_token is not None or until is None:
        return ""
    seconds = (until - timezone.now()).total_seconds()
    if seconds < _SHORT_WAIT:
        return ""
    return f"goes on in {timeuntil(until) if seconds >= _MINUTE else f'{seconds:.0f} seconds'}"


def summary_of(source: Any) -> str:
    """“38 up to date, 1 failed”"""
    counts = [
        (source.current, "up to date"),
        (source.failed, "failed"),
        (source.excluded, "excluded by the site"),
        (source.gone, "no longer there"),
    ]
    return ", ".join(f"{count} {name}" for count, name in counts if count) or "none yet"


def render_status(source: Any) -> SafeString:
    """What the list and the source's page show, and keep up to date while a run goes on."""
    context = {"standing": standing_of(source), "summary": summary_of(source), "source": source}
    return render_to_string("knowledge/admin/web_status.html", context)


@dataclass(frozen=True)
class Tab:
    label: str
    query: str
    count: int
    chosen: bool


def page_context(source: Any, query: QueryDict) -> dict[str, Any]:
    """`?state=` and `?p=` choose what is shown; anything odd in them means all, from the start."""
    pages = WebPage.objects.filter(source=source)
    counts = dict(pages.values_list("state").annotate(n=Count("pk")).order_by())
    chosen = query.get("state", "")
    chosen = chosen if chosen in counts else ""
    shown = pages.filter(state=chosen) if chosen else pages
    rows: Page[WebPage] = Paginator(
        shown.select_related("document").order_by("missed", "pk"), PAGES_PER_PAGE
    ).get_page(query.get("p", "1"))
    tabs = [Tab("All", "", sum(counts.values()), not chosen)] + [
        Tab(str(state.label), f"state={state.value}", counts[state], chosen == state)
        for state in State
        if state in counts
    ]
    return {
        "source": source,
        "status": render_status(source),
        "tabs": tabs,
        "chosen": chosen,
        "page": rows,
        "rows": [(row, PAGE_KINDS.get(row.state, "")) for row in rows],
        "is_running": source.status == Status.RUNNING,
        "lists_anew": source.next_run_at is not None,
    }
