"""Which pages a source has: its own addresses, or what its sitemaps list."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from knowledge.models import WebPage, WebSource
from knowledge.services.web.pages import set_gone
from knowledge.services.web.queue import holding
from knowledge.web import visits
from knowledge.web.fetching import Ask, Fetcher, FetchError, Kind, Limits, check_url, join, path_of
from knowledge.web.sitemaps import Sitemap, SitemapError, parse_sitemap

MOST_SITEMAPS = 50
_LONGEST_WAIT = 10.0  # seconds; a site that asks for more is asked again later
# A sitemap may be incomplete for a day; a list that an editor changed is meant.
_MISSED = {WebSource.Kind.SITEMAP: 2}


@dataclass(frozen=True)
class Listing:
    """Addresses in the order of the source. `problem` is a sentence about those that are missing;
    with one, no page counts as no longer listed."""

    urls: list[str]
    problem: str = ""


def read_listing(source: WebSource, fetcher: Fetcher) -> Listing:
    """Raises FetchError (TEMPORARY) when the source may be listed later."""
    if source.kind != WebSource.Kind.SITEMAP:
        return Listing(addresses_in(source))
    pages: dict[str, None] = {}
    sitemaps = {check_url(source.url): None}  # grows while it is read; keeps the order
    problems: list[str] = []
    for number in range(MOST_SITEMAPS):
        if number == len(sitemaps):
            break
        url = list(sitemaps)[number]
        try:
            sitemap = _read_sitemap(url, fetcher)
        except (FetchError, SitemapError) as error:
            if isinstance(error, FetchError) and error.kind == Kind.TEMPORARY:
                raise
            problems.append(f"{url}: {error}")
        else:
            pages.update(dict.fromkeys(sitemap.pages))
            sitemaps.update(dict.fromkeys(sitemap.sitemaps))
    if len(sitemaps) > MOST_SITEMAPS:
        problems.append(f"There are more than {MOST_SITEMAPS} sitemaps; the rest is not read.")
    if not pages and not problems:
        problems.append("The sitemap lists no pages.")
    return Listing(list(pages), " ".join(problems[:3]))


def addresses_in(source: WebSource) -> list[str]:
    """The addresses of a source that is no sitemap; they were checked when it was saved."""
    if source.kind == WebSource.Kind.PAGE:
        return [check_url(source.url)]
    return list(dict.fromkeys(check_url(line) for line in source.urls.split()))


def _read_sitemap(url: str, fetcher: Fetcher) -> Sitemap:
    """One sitemap; for a site as a whole, what its robots.txt names, or the usual place."""
    _wait_for_turn(url)
    if path_of(url) != "/":
        limits = Limits(max_bytes=settings.UPLOAD_MAX_BYTES)
        return parse_sitemap(fetcher.get(Ask(url, limits)).content)
    named: list[str] = []
    for reference in visits.robots_of(url, fetcher).sitemaps() or ["/sitemap.xml"]:
        with suppress(FetchError):
            named.append(join(url, reference))
    return Sitemap([], named)


def _wait_for_turn(url: str) -> None:
    while (seconds := visits.seconds_to_wait(url)) > 0:
        if seconds > _LONGEST_WAIT:
            raise FetchError(
                Kind.TEMPORARY, "The site asks to be left alone for a while.", retry_after=seconds
            )
        time.sleep(seconds)


def save_listing(source: WebSource, listing: Listing) -> None:
    """Begin the run's second part: the pages that are listed are to be fetched."""
    with holding(source):
        chosen = _choose(source, listing)
        WebPage.objects.bulk_create(
            [WebPage(source=source, url=url) for url in chosen], ignore_conflicts=True
        )
        pages = WebPage.objects.filter(source=source)
        pages.filter(url__in=chosen).exclude(missed=0).update(missed=0)
        if not listing.problem:
            _miss(source, chosen)
        WebSource.objects.filter(pk=source.pk).update(
            last_started_at=timezone.now(),
            next_run_at=None,
            error=listing.problem or _too_many(source, listing),
        )


def _choose(source: WebSource, listing: Listing) -> list[str]:
    """Known pages first, so that a limit does not swap them from run to run."""
    known = set(WebPage.objects.filter(source=source).values_list("url", flat=True))
    ordered = sorted(listing.urls, key=lambda url: url not in known)
    return ordered[: source.max_pages]


def _miss(source: WebSource, chosen: list[str]) -> None:
    unlisted = WebPage.objects.filter(source=source).exclude(url__in=chosen)
    unlisted.update(missed=F("missed") + 1)
    leaving = unlisted.filter(missed__gte=_MISSED.get(WebSource.Kind(source.kind), 1))
    for page in leaving.exclude(state=WebPage.State.GONE).select_related("document"):
        set_gone(page, "The source no longer lists this page.")


def _too_many(source: WebSource, listing: Listing) -> str:
    found = len(listing.urls)
    if found <= source.max_pages:
        return ""
    return (
        f"{found} pages are listed, and {source.max_pages} of them are read. "
        "Allow more pages to read the others."
    )
