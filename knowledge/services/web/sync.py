"""Refreshing web sources: small steps that can be repeated, each with a lease of its own.

A step lists the pages of a source, or fetches one of them. An attempt is counted before it is made,
so that a page that takes the worker down is given up after a few times like any other.
"""

from __future__ import annotations

import datetime as dt
import time

import structlog
from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from knowledge.leases import Lease, LeaseLostError, kept_alive
from knowledge.models import WebPage, WebSource
from knowledge.services.web import pages
from knowledge.services.web.listing import Listing, read_listing, save_listing
from knowledge.services.web.pages import MOST_TRIES
from knowledge.services.web.queue import (
    claim_due_source,
    finish_run,
    holding,
    is_anything_due,
    pause,
    seconds_until_due,
)
from knowledge.web import visits
from knowledge.web.content import content_of
from knowledge.web.fetching import Ask, Fetcher, FetchError, Kind, Known, Limits

log = structlog.get_logger(__name__)

State = WebPage.State

SWEEP_SECONDS = 60.0  # how often beat looks for what is due
MOST_ATTEMPTS = 5  # of one step of a source
FAILURES_IN_A_ROW = 5  # of pages; then the site is taken for down
AFTER_FAILURE = dt.timedelta(hours=1)  # a site that was down is not left stale for a day
_HOURLY_TRIES = 24
_BACKOFF = [30.0, 120.0]  # seconds before a page's second and third try


def sync_due_sources(seconds: float) -> float | None:
    """Do due steps until none is left or the time is over.

    Returns after how many seconds to go on; None when nothing was due, or nothing is for a while,
    so that wake-ups come to an end. The sweep finds what is due later.
    """
    if not is_anything_due():
        return None
    ends_at = time.monotonic() + seconds
    worked = False
    with open_fetcher() as fetcher:
        while time.monotonic() < ends_at and (source := claim_due_source()) is not None:
            sync_source(source, fetcher)
            worked = True
    wait = seconds_until_due() if worked else None
    return wait if wait is not None and wait < SWEEP_SECONDS else None


def open_fetcher() -> Fetcher:
    """The fetcher of this installation; sites are told the first site that embeds the widget."""
    return Fetcher(
        allowed_hosts=settings.WEB_ALLOWED_PRIVATE_HOSTS,
        contact=next(iter(settings.WIDGET_ORIGINS), ""),
    )


def sync_source(source: WebSource, fetcher: Fetcher) -> None:
    """Do the next step of a claimed source."""
    try:
        with kept_alive(Lease(source)):
            if source.attempts > MOST_ATTEMPTS:
                finish_run(source, error=_BROKE_OFF, again_within=AFTER_FAILURE)
            elif source.next_run_at is not None:
                _list_pages(source, fetcher)
            elif (page := _due_pages(source).first()) is not None:
                _fetch_page(source, page, fetcher)
            else:
                _end(source)
    except LeaseLostError:
        log.info("lease_lost", web_source=source.pk)
    except Exception:
        # Given back with its attempt counted: a later one may work, and many end the run.
        log.exception("sync_interrupted", web_source=source.pk)
        pause(source, 2.0**source.attempts, finished_step=False)


_BROKE_OFF = (
    "Refreshing broke off several times, so it was given up for now. What was read stays as it is."
)


def _list_pages(source: WebSource, fetcher: Fetcher) -> None:
    try:
        listing = read_listing(source, fetcher)
    except FetchError as error:
        if source.attempts < MOST_TRIES:
            pause(source, error.retry_after or _BACKOFF[source.attempts - 1], finished_step=False)
            return
        # The pages that are known are refreshed all the same.
        listing = Listing([], f"The list of pages could not be read. {error}")
    save_listing(source, listing)
    pause(source, 0.0)


def _due_pages(source: WebSource) -> QuerySet[WebPage]:
    """Listed pages not fetched in this run, and those whose next try is due."""
    now = timezone.now()
    due = Q(fetched_at=None) | Q(fetched_at__lt=source.last_started_at)
    for failures, seconds in enumerate(_BACKOFF, start=1):
        tried_before = now - dt.timedelta(seconds=seconds)
        due |= Q(failures=failures, fetched_at__lt=tried_before) & _MAY_BE_TRIED_AGAIN
    return WebPage.objects.filter(due, source=source, missed=0).select_related(
        "source__collection", "source__created_by", "document"
    )


_MAY_BE_TRIED_AGAIN = ~Q(state__in=[State.EXCLUDED, State.GONE])


def _fetch_page(source: WebSource, page: WebPage, fetcher: Fetcher) -> None:
    wait = visits.seconds_to_wait(page.url)
    if wait > 0:
        pause(source, wait)
        return
    known = _known(page)
    _count_attempt(source, page)
    rest = visits.SECONDS_BETWEEN
    try:
        robots = visits.robots_of(page.url, fetcher)
        rest = max(rest, robots.delay())
        limits = Limits(max_bytes=settings.UPLOAD_MAX_BYTES)
        answer = fetcher.get(
            Ask(page.url, limits, known, lambda url: visits.check_allowed(url, fetcher))
        )
        content = None if answer.not_modified else content_of(answer)
        with holding(source):
            if content is None:
                pages.keep(page)
            else:
                pages.take(page, answer, content)
    except FetchError as error:
        rest = max(rest, error.retry_after or 0.0)
        with holding(source):
            pages.lose(page, error)
        if error.kind == Kind.TEMPORARY and _site_is_down(source):
            visits.rest(page.url, rest)
            finish_run(source, error=f"{_DOWN} {error}", again_within=AFTER_FAILURE)
            return
    if rest > 0:
        visits.rest(page.url, rest)
    pause(source, rest)


_DOWN = (
    f"Fetching was broken off, because {FAILURES_IN_A_ROW} pages in a row could not be had. What "
    "was read before stays as it is. The last answer was:"
)


def _known(page: WebPage) -> Known:
    """Only a page that stands for a document may be answered with “not modified”."""
    if page.document_id and page.state in {State.CURRENT, State.FAILED}:
        return Known(page.etag, page.last_modified)
    return Known()


def _count_attempt(source: WebSource, page: WebPage) -> None:
    page.failures += 1
    page.error = "Reading this page broke off. It is tried again."
    given_up = page.failures >= MOST_TRIES and page.state not in {State.GONE, State.EXCLUDED}
    if given_up:
        page.error = (
            "Reading this page broke off three times, so it was given up until the next refresh."
        )
    with holding(source):
        WebPage.objects.filter(pk=page.pk).update(
            failures=page.failures,
            fetched_at=timezone.now(),
            error=page.error,
            state=State.FAILED if given_up else page.state,
        )


def _site_is_down(source: WebSource) -> bool:
    """Whether the last pages of this run failed, all of them."""
    fetched = WebPage.objects.filter(source=source, fetched_at__gte=source.last_started_at)
    last = list(
        fetched.order_by("-fetched_at").values_list("failures", "state")[:FAILURES_IN_A_ROW]
    )
    failed = [failures > 0 and state != State.EXCLUDED for failures, state in last]
    return len(failed) == FAILURES_IN_A_ROW and all(failed)


def _end(source: WebSource) -> None:
    """Finish the run, or wait for pages that are to be tried again."""
    waiting = WebPage.objects.filter(
        _MAY_BE_TRIED_AGAIN, source=source, missed=0, failures__range=(1, len(_BACKOFF))
    ).order_by("fetched_at")
    ends = [
        page.fetched_at + dt.timedelta(seconds=_BACKOFF[page.failures - 1])
        for page in waiting
        if page.fetched_at is not None
    ]
    if ends:
        pause(source, max(1.0, (min(ends) - timezone.now()).total_seconds()))
        return
    listed = WebPage.objects.filter(source=source, missed=0)
    served = listed.filter(state__in=[State.CURRENT, State.DUPLICATE])
    # Not forever: a page that nobody may read is not asked for every hour.
    failing = listed.filter(state=State.FAILED, failures__lte=_HOURLY_TRIES)
    down = failing.exists() and not served.exists()
    finish_run(source, again_within=AFTER_FAILURE if down else None)
