from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest

from knowledge.leases import LeaseLostError
from knowledge.models import Audience, Document, DocumentEvent, DocumentVersion, WebPage, WebSource
from knowledge.services.ingestion.documents import delete_document
from knowledge.services.lifecycle.publishing import retire_version
from knowledge.services.web import sync
from knowledge.services.web.pages import external_id_of
from knowledge.services.web.queue import claim_due_source, holding
from knowledge.services.web.sources import refresh_web_source, stop_web_source
from knowledge.services.web.sync import (
    FAILURES_IN_A_ROW,
    MOST_ATTEMPTS,
    open_fetcher,
    sync_due_sources,
    sync_source,
)
from knowledge.web import visits
from knowledge.web.content import Content, content_of
from knowledge.web.fetching import Fetched
from tests.conftest import process_waiting
from tests.knowledge.web.refreshing import (
    add_source,
    page_of,
    pass_time,
    refresh,
    served,
    steps,
    versions_of,
)
from tests.knowledge.web.site import Page, Site

pytestmark = pytest.mark.django_db

State = WebPage.State
TEXT = "<h1>{0}</h1><p>You can send it back within {1} days of delivery.</p>"


def sitemap(site: Site, *paths: str) -> None:
    urls = "".join(f"<url><loc>{site.url(path)}</loc></url>" for path in paths)
    site.pages["/sitemap.xml"] = Page(f"<urlset>{urls}</urlset>", media_type="application/xml")


def write(site: Site, path: str, days: int = 30, **fields: object) -> None:
    site.write(path, TEXT.format(path.strip("/"), days), **fields)  # type: ignore[arg-type]


def help_pages(site: Site, count: int) -> list[str]:
    paths = [f"/help/{number}" for number in range(count)]
    for path in paths:
        write(site, path)
    sitemap(site, *paths)
    return paths


def add_sitemap(site: Site, **wanted: object) -> WebSource:
    return add_source(kind="sitemap", url=site.url("/sitemap.xml"), **wanted)


# -- Pages become documents ----------------------------------------------------------------------
def test_a_page_becomes_a_document_that_is_served(site: Site) -> None:
    write(site, "/returns")
    source = refresh(add_source(url=site.url("/returns"), audience="customers", locale="de"))
    (version,) = versions_of(site.url("/returns"))
    assert version.state == DocumentVersion.State.PUBLISHED
    assert version.audience == Audience.CUSTOMERS
    assert version.file_name == "returns.md"
    assert version.markdown == "# returns\n\nYou can send it back within 30 days of delivery."
    document = version.document
    assert (document.title, document.locale) == ("returns", "en")
    assert document.source_url == site.url("/returns")
    page = page_of(source, "/returns")
    assert (page.state, page.document, page.http_status, page.error) == (
        State.CURRENT,
        document,
        200,
        "",
    )
    assert source.error == ""
    assert source.next_run_at is not None
    assert source.last_finished_at is not None
    assert (source.next_run_at - source.last_finished_at).total_seconds() == 24 * 3600


def test_a_source_may_bring_drafts(site: Site) -> None:
    write(site, "/returns")
    refresh(add_source(url=site.url("/returns"), publish=False))
    (version,) = versions_of(site.url("/returns"))
    assert (version.status, version.state) == ("ready", "draft")


def test_a_list_is_read_in_its_order(site: Site) -> None:
    for path in ("/b", "/a"):
        write(site, path)
    refresh(add_source(kind="list", urls=f"{site.url('/b')}\n\n{site.url('/a')}\n"))
    asked = [request.path for request in site.requests]
    assert asked == ["/robots.txt", "/b", "/a"]
    assert set(served()) == {site.url("/a"), site.url("/b")}


def test_sitemaps_within_sitemaps_are_read(site: Site) -> None:
    for path in ("/a", "/b"):
        write(site, path)
    site.pages["/index.xml"] = Page(
        f"<sitemapindex><sitemap><loc>{site.url('/one.xml.gz')}</loc></sitemap>"
        f"<sitemap><loc>{site.url('/two.txt')}</loc></sitemap>"
        f"<sitemap><loc>{site.url('/index.xml')}</loc></sitemap></sitemapindex>"
    )
    one = f"<urlset><url><loc>{site.url('/a')}</loc></url></urlset>"
    site.pages["/one.xml.gz"] = Page(gzip.compress(one.encode()), media_type="application/gzip")
    site.pages["/two.txt"] = Page(site.url("/b"), media_type="text/plain")
    source = refresh(add_source(kind="sitemap", url=site.url("/index.xml")))
    assert set(served()) == {site.url("/a"), site.url("/b")}
    assert source.error == ""


@pytest.mark.parametrize("robots", ["Sitemap: {0}", ""])
def test_a_site_as_a_whole_is_read_by_its_sitemaps(site: Site, robots: str) -> None:
    write(site, "/a")
    sitemap(site, "/a")
    if robots:
        site.pages["/map.xml"] = site.pages.pop("/sitemap.xml")
        site.pages["/robots.txt"] = Page(robots.format(site.url("/map.xml")))
    refresh(add_source(kind="sitemap", url=site.url("/")))
    assert set(served()) == {site.url("/a")}


def test_a_file_is_read_as_a_file(site: Site, publish: Callable[..., DocumentVersion]) -> None:
    site.pages["/prices"] = Page("Land;Preis\nFrankreich;12,40", media_type="text/csv")
    refresh(add_source(url=site.url("/prices")))
    (version,) = versions_of(site.url("/prices"))
    assert version.file_name == "prices.csv"
    assert "| Frankreich | 12,40 |" in " ".join(version.markdown.split(" "))


def test_a_kind_that_cannot_be_read_is_told(site: Site) -> None:
    site.pages["/film"] = Page(b"\0\0", media_type="video/mp4")
    page = page_of(refresh(add_source(url=site.url("/film"))), "/film")
    assert page.state == State.FAILED
    assert "video/mp4" in page.error
    assert len(site.asked("/film")) == 1  # asking again would change nothing


def test_a_long_address_is_told_apart(site: Site) -> None:
    first, second = (f"{site.url('/')}{'x' * 400}{letter}" for letter in "ab")
    assert len(external_id_of(first)) == 300
    assert external_id_of(first) != external_id_of(second)
    assert external_id_of(site.url("/a")) == site.url("/a")


# -- Changes -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "headers", [{"ETag": '"1"'}, {"Last-Modified": "Sat, 21 Nov 2026 10:00:00 GMT"}, {}]
)
def test_an_unchanged_page_makes_no_version(site: Site, headers: dict[str, str]) -> None:
    write(site, "/returns", headers=headers)
    source = refresh(add_source(url=site.url("/returns")))
    refresh(source)
    assert len(versions_of(site.url("/returns"))) == 1
    page = page_of(source, "/returns")
    assert (page.state, page.http_status) == (State.CURRENT, 304 if headers else 200)


def test_other_navigation_makes_no_version(site: Site) -> None:
    write(site, "/returns")
    source = refresh(add_source(url=site.url("/returns")))
    page = site.pages["/returns"]
    assert isinstance(page.body, str)
    page.body = page.body.replace("All products", "Black Friday")
    refresh(source)
    assert len(versions_of(site.url("/returns"))) == 1


def test_a_changed_page_replaces_its_document(site: Site) -> None:
    write(site, "/returns", 30, headers={"ETag": '"1"'})
    source = refresh(add_source(url=site.url("/returns")))
    write(site, "/returns", 14, headers={"ETag": '"2"'})
    refresh(source)
    old, new = versions_of(site.url("/returns"))
    assert (old.state, new.state) == ("retired", "published")
    assert "14 days" in served()[site.url("/returns")]


def test_a_document_that_was_deleted_comes_back(site: Site) -> None:
    write(site, "/returns", headers={"ETag": '"1"'})
    source = refresh(add_source(url=site.url("/returns")))
    delete_document(document=Document.objects.get())
    refresh(source)
    assert set(served()) == {site.url("/returns")}


def test_what_an_editor_retired_stays_retired_until_the_page_changes(site: Site) -> None:
    write(site, "/returns", headers={"ETag": '"1"'})
    source = refresh(add_source(url=site.url("/returns")))
    retire_version(version=versions_of(site.url("/returns"))[0])
    refresh(source)
    assert served() == {}
    write(site, "/returns", 14, headers={"ETag": '"2"'})
    refresh(source)
    assert set(served()) == {site.url("/returns")}


# -- What is no longer there ---------------------------------------------------------------------
@pytest.mark.parametrize("status", [404, 410])
def test_a_page_that_is_gone_is_retired_and_comes_back(site: Site, status: int) -> None:
    write(site, "/returns", headers={"ETag": '"1"'})
    source = refresh(add_source(url=site.url("/returns")))
    page = site.pages["/returns"]
    site.pages["/returns"] = Page("", status)
    refresh(source)
    assert served() == {}
    assert page_of(source, "/returns").state == State.GONE
    event = DocumentEvent.objects.get(action="retired")
    assert event.data["note"] == "The site says that there is no such page."
    site.pages["/returns"] = page
    refresh(source)
    assert set(served()) == {site.url("/returns")}
    assert page_of(source, "/returns").state == State.CURRENT


def test_a_page_that_fails_in_between_still_comes_back(site: Site) -> None:
    write(site, "/returns", headers={"ETag": '"1"'})
    source = refresh(add_source(url=site.url("/returns")))
    page = site.pages.pop("/returns")
    refresh(source)
    site.pages["/returns"] = Page("", 503)
    refresh(source)
    assert page_of(source, "/returns").state == State.GONE
    site.pages["/returns"] = page
    refresh(source)
    assert set(served()) == {site.url("/returns")}


def test_a_version_that_is_still_being_read_is_not_published_any_more(site: Site) -> None:
    write(site, "/returns")
    source = add_source(url=site.url("/returns"))
    steps()
    site.pages.pop("/returns")
    refresh_web_source(source=source)
    steps()
    process_waiting()
    assert served() == {}
    assert versions_of(site.url("/returns"))[0].status == "cancelled"


def test_a_page_must_be_missing_from_the_sitemap_twice(site: Site) -> None:
    help_pages(site, 2)
    source = refresh(add_sitemap(site))
    sitemap(site, "/help/0")
    refresh(source)
    assert len(served()) == 2
    assert len(site.asked("/help/1")) == 1  # and is not fetched meanwhile
    refresh(source)
    assert set(served()) == {site.url("/help/0")}
    assert page_of(source, "/help/1").error == "The source no longer lists this page."
    sitemap(site, "/help/0", "/help/1")
    refresh(source)
    assert len(served()) == 2


def test_a_page_that_is_listed_again_was_never_missing(site: Site) -> None:
    help_pages(site, 2)
    source = refresh(add_sitemap(site))
    for paths in (["/help/0"], ["/help/0", "/help/1"], ["/help/0"]):
        sitemap(site, *paths)
        refresh(source)
    assert len(served()) == 2


@pytest.mark.parametrize(
    "broken",
    [
        Page("", 404),
        Page("", 503),
        Page("<html>Sorry</html>"),
        Page("<urlset></urlset>"),
        Page("", 302, headers={"Location": "http://127.0.0.1/"}),
    ],
    ids=["gone", "down", "no sitemap", "empty", "elsewhere"],
)
def test_a_broken_sitemap_retires_nothing_and_is_told(site: Site, broken: Page) -> None:
    help_pages(site, 2)
    source = refresh(add_sitemap(site))
    site.pages["/sitemap.xml"] = broken
    for _ in range(3):
        source = refresh(source)
        assert source.error.endswith(".")
    write(site, "/help/0", 14)
    refresh(source)  # and the pages that are known are read all the same
    assert "14 days" in served()[site.url("/help/0")]
    assert len(served()) == 2
    help_pages(site, 2)
    assert refresh(source).error == ""


# -- Failures that pass --------------------------------------------------------------------------
@pytest.mark.parametrize("failure", [Page("", 503), Page("", 429), Page("", 500)])
def test_a_failure_that_passes_retires_nothing(site: Site, failure: Page) -> None:
    paths = help_pages(site, 3)
    source = refresh(add_sitemap(site))
    kept = site.pages[paths[1]]
    site.pages[paths[1]] = failure
    for _ in range(3):
        refresh(source)
    assert len(served()) == 3
    page = page_of(source, paths[1])
    assert page.state == State.FAILED
    assert str(failure.status) in page.error
    site.pages[paths[1]] = kept
    refresh(source)
    page.refresh_from_db()
    assert (page.state, page.failures, page.error) == (State.CURRENT, 0, "")


def test_a_page_that_fails_is_tried_three_times_in_a_run(site: Site) -> None:
    paths = help_pages(site, 1)
    site.pages[paths[0]] = Page("", 503)
    source = refresh(add_sitemap(site))
    assert len(site.asked(paths[0])) == 3
    refresh(source)
    assert len(site.asked(paths[0])) == 4  # one that failed before is not worth more


def test_tries_wait_longer_and_longer(site: Site) -> None:
    paths = help_pages(site, 1)
    site.pages[paths[0]] = Page("", 503)
    add_sitemap(site)
    asked = []
    for _ in range(4):
        steps()
        asked.append(len(site.asked(paths[0])))
        pass_time(hours=31 / 3600)
    # 0 s, after 31 s, and not yet after 62 s and 93 s
    assert asked == [1, 2, 2, 2]
    pass_time(hours=60 / 3600)
    steps()
    assert len(site.asked(paths[0])) == 3


def test_a_site_that_is_down_is_left_alone_and_tried_within_the_hour(site: Site) -> None:
    paths = help_pages(site, 20)
    source = refresh(add_sitemap(site))
    for path in paths:
        site.pages[path] = Page("", 503)
    site.requests.clear()
    source = refresh(source)
    assert len([r for r in site.requests if r.path in paths]) == FAILURES_IN_A_ROW
    assert "503" in source.error
    assert source.next_run_at is not None
    assert source.last_finished_at is not None
    assert (source.next_run_at - source.last_finished_at).total_seconds() == 3600
    assert len(served()) == 20


def test_a_site_says_when_to_come_back_and_is_obeyed(site: Site) -> None:
    paths = help_pages(site, 2)
    site.pages[paths[0]] = Page("", 429, headers={"Retry-After": "600"})
    add_sitemap(site)
    steps()
    assert site.asked(paths[1]) == []
    assert visits.seconds_to_wait(site.url("/")) == 0  # the pause between requests is off here
    source = WebSource.objects.get()
    assert source.lease_until is not None
    assert source.last_started_at is not None
    assert 500 < (source.lease_until - source.last_started_at).total_seconds() < 620


# -- What the site asks for ----------------------------------------------------------------------
def test_robots_txt_is_obeyed(site: Site) -> None:
    help_pages(site, 2)
    site.pages["/robots.txt"] = Page("User-agent: *\nDisallow: /help/1")
    source = refresh(add_sitemap(site))
    assert set(served()) == {site.url("/help/0")}
    assert site.asked("/help/1") == []
    page = page_of(source, "/help/1")
    assert page.state == State.EXCLUDED
    assert "robots.txt" in page.error


def test_a_redirect_to_what_robots_txt_forbids_is_not_followed(site: Site) -> None:
    site.pages["/a"] = Page("", 302, headers={"Location": "/private"})
    write(site, "/private")
    site.pages["/robots.txt"] = Page("User-agent: *\nDisallow: /private")
    source = refresh(add_source(url=site.url("/a")))
    assert site.asked("/private") == []
    assert page_of(source, "/a").state == State.EXCLUDED


@pytest.mark.parametrize("way", ["robots.txt", "meta", "header"])
def test_a_page_that_is_excluded_twice_is_retired_and_comes_back(site: Site, way: str) -> None:
    write(site, "/returns")
    source = refresh(add_source(url=site.url("/returns")))
    if way == "robots.txt":
        site.pages["/robots.txt"] = Page("User-agent: *\nDisallow: /")
    elif way == "meta":
        write(site, "/returns", head="<meta name=robots content=noindex>")
    else:
        write(site, "/returns", headers={"X-Robots-Tag": "noindex"})
    for still in (1, 0):
        visits.forget_robots([site.url("/")])
        refresh(source)
        assert len(served()) == still
        assert page_of(source, "/returns").state == State.EXCLUDED
    site.pages.pop("/robots.txt", None)
    write(site, "/returns")
    visits.forget_robots([site.url("/")])
    refresh(source)
    assert len(served()) == 1


def test_a_robots_txt_that_fails_is_a_failure_that_passes(site: Site) -> None:
    write(site, "/returns")
    source = refresh(add_source(url=site.url("/returns")))
    visits.forget_robots([site.url("/")])
    site.pages["/robots.txt"] = Page("", 500)
    for _ in range(2):
        refresh(source)
    assert len(served()) == 1
    assert page_of(source, "/returns").state == State.FAILED


def test_a_site_is_not_asked_faster_than_it_wants(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visits, "SECONDS_BETWEEN", 1.0)
    help_pages(site, 3)
    site.pages["/robots.txt"] = Page("User-agent: *\nCrawl-delay: 30")
    source = add_source(kind="list", urls="\n".join(site.url(f"/help/{n}") for n in range(3)))
    assert sync_due_sources(20) == pytest.approx(30, abs=3)
    assert [request.path for request in site.requests] == ["/robots.txt", "/help/0"]
    # Another source of the same site waits as well.
    write(site, "/other")
    add_source(url=site.url("/other"))
    steps()
    assert site.asked("/other") == []
    source.refresh_from_db()
    assert source.status == WebSource.Status.RUNNING


# -- One page at several addresses ---------------------------------------------------------------
def canonical(site: Site, path: str) -> str:
    return f"<link rel=canonical href='{site.url(path)}'>"


def test_addresses_of_one_page_make_one_document(site: Site) -> None:
    for path in ("/a?from=mail", "/a"):
        write(site, path, head=canonical(site, "/a"))
    sitemap(site, "/a?from=mail", "/a")
    source = refresh(add_sitemap(site))
    assert set(served()) == {site.url("/a")}
    assert len(versions_of(site.url("/a"))) == 1
    states = {page.url: page.state for page in WebPage.objects.all()}
    assert states == {site.url("/a?from=mail"): State.DUPLICATE, site.url("/a"): State.CURRENT}
    # Small differences between the two do not make a version at every refresh.
    write(site, "/a?from=mail", 14, head=canonical(site, "/a"))
    refresh(source)
    assert len(versions_of(site.url("/a"))) == 1


def test_a_canonical_address_that_is_not_listed_is_fed_by_the_first(site: Site) -> None:
    for number in (1, 2):
        write(site, f"/a?{number}", number, head=canonical(site, "/a"))
    sitemap(site, "/a?1", "/a?2")
    source = refresh(add_sitemap(site))
    refresh(source)
    assert set(served()) == {site.url("/a")}
    assert "within 1 days" in served()[site.url("/a")]
    assert len(versions_of(site.url("/a"))) == 1


def test_the_other_address_takes_over_when_the_first_is_gone(site: Site) -> None:
    for path in ("/a?from=mail", "/a"):
        write(site, path, head=canonical(site, "/a"), headers={"ETag": '"1"'})
    sitemap(site, "/a?from=mail", "/a")
    source = refresh(add_sitemap(site))
    site.pages.pop("/a")
    write(site, "/a?from=mail", 14, head=canonical(site, "/a"))
    refresh(source)
    assert set(served()) == {site.url("/a")}  # never without it
    refresh(source)
    assert "14 days" in served()[site.url("/a")]
    site.pages.pop("/a?from=mail")
    refresh(source)
    assert served() == {}


def test_a_page_that_moves_takes_its_document_along(site: Site) -> None:
    help_pages(site, 2)
    source = refresh(add_sitemap(site))
    write(site, "/new")
    site.pages["/help/1"] = Page("", 301, headers={"Location": "/new"})
    refresh(source)
    assert set(served()) == {site.url("/help/0"), site.url("/new")}
    site.pages["/help/1"] = Page("", 301, headers={"Location": "/help/0"})
    refresh(source)
    assert set(served()) == {site.url("/help/0")}
    assert page_of(source, "/help/1").state == State.DUPLICATE


def test_two_sources_of_one_page_feed_one_document(site: Site) -> None:
    write(site, "/help/0")
    sitemap(site, "/help/0")
    first = refresh(add_sitemap(site))
    second = refresh(add_source(url=site.url("/help/0"), audience="internal"))
    assert len(versions_of(site.url("/help/0"))) == 1
    assert page_of(second, "/help/0").state == State.DUPLICATE
    sitemap(site, "/help/1")
    write(site, "/help/1")
    refresh(first)
    refresh(first)
    assert site.url("/help/0") in served()  # the second source still has it


# -- Limits --------------------------------------------------------------------------------------
def test_only_so_many_pages_are_read_and_always_the_same(site: Site) -> None:
    paths = help_pages(site, 5)
    source = refresh(add_sitemap(site, max_pages=3))
    assert len(served()) == 3
    assert source.error == "5 pages are listed, and 3 of them are read. " + (
        "Allow more pages to read the others."
    )
    before = set(served())
    sitemap(site, *reversed(paths))
    refresh(source)
    refresh(source)
    assert set(served()) == before


# -- Interruptions -------------------------------------------------------------------------------
def test_a_run_goes_on_where_a_killed_worker_left_it(site: Site) -> None:
    help_pages(site, 4)
    source = add_sitemap(site)
    assert steps(3) == 3  # the list, and two pages
    killed = claim_due_source()  # a worker that is killed with its lease
    assert killed is not None
    assert steps() == 0
    pass_time()
    refresh(source)
    assert len(served()) == 4
    assert all(len(site.asked(f"/help/{number}")) == 1 for number in range(4))


def test_a_worker_that_comes_too_late_changes_nothing(site: Site) -> None:
    write(site, "/returns")
    add_source(url=site.url("/returns"))
    steps(1)
    late = claim_due_source()
    assert late is not None
    pass_time()
    other = claim_due_source()
    assert other is not None
    assert other.pk == late.pk
    with pytest.raises(LeaseLostError), holding(late):
        pytest.fail("the lease was another worker's")
    with open_fetcher() as fetcher:
        sync_source(late, fetcher)
    assert WebPage.objects.get().fetched_at is None
    assert not Document.objects.exists()


def test_a_page_that_takes_the_worker_down_is_given_up(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = help_pages(site, 3)
    source = add_sitemap(site)

    class Killed(BaseException):
        """No handler of ours runs, as after kill -9."""

    def kill(answer: Fetched) -> Content:
        if answer.url.endswith(paths[0]):
            raise Killed
        return content_of(answer)

    monkeypatch.setattr(sync, "content_of", kill)
    for _ in range(40):
        try:
            if not steps():
                pass_time()
        except Killed:
            pass_time()
        source.refresh_from_db()
        if source.status == WebSource.Status.IDLE:
            break
    process_waiting()
    assert len(site.asked(paths[0])) == 3
    assert set(served()) == {site.url(path) for path in paths[1:]}
    page = page_of(source, paths[0])
    assert page.state == State.FAILED
    assert "broke off three times" in page.error


def test_a_source_that_always_breaks_off_ends_with_a_reason(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(sync, "read_listing", broken)
    source = add_source(url=site.url("/returns"))
    for _ in range(MOST_ATTEMPTS + 1):
        steps()
        pass_time()
    source.refresh_from_db()
    assert source.status == WebSource.Status.IDLE
    assert "broke off" in source.error


def test_stopping_ends_a_run_at_its_next_step(site: Site) -> None:
    help_pages(site, 3)
    source = add_sitemap(site)
    steps(2)
    running = claim_due_source()
    assert running is not None
    assert stop_web_source(source=source)
    with open_fetcher() as fetcher:
        sync_source(running, fetcher)
    assert steps() == 0
    process_waiting()
    assert len(served()) == 1
    assert not stop_web_source(source=source)
    refresh(source)
    assert len(served()) == 3


def test_refreshing_during_a_run_begins_anew(site: Site) -> None:
    help_pages(site, 2)
    source = add_sitemap(site)
    steps(2)
    write(site, "/help/0", 14)
    assert refresh_web_source(source=source)
    refresh(source)
    assert "14 days" in served()[site.url("/help/0")]
    assert len(site.asked("/help/0")) == 2


def test_a_source_that_is_switched_off_is_left_alone(site: Site) -> None:
    write(site, "/returns")
    source = add_source(url=site.url("/returns"), active=False)
    assert steps() == 0
    assert not refresh_web_source(source=source)
    assert steps() == 0


def test_without_a_schedule_a_source_waits_for_a_hand(site: Site) -> None:
    write(site, "/returns")
    source = refresh(add_source(url=site.url("/returns"), refresh_hours=0))
    assert source.next_run_at is None
    assert steps() == 0
    assert refresh_web_source(source=source)
    assert steps() > 0


def test_sources_take_turns(site: Site) -> None:
    for path in ("/a", "/b", "/c", "/d"):
        write(site, path)
    first = add_source(kind="list", urls=f"{site.url('/a')} {site.url('/b')}")
    second = add_source(kind="list", urls=f"{site.url('/c')} {site.url('/d')}")
    steps(4)
    assert page_of(first, "/a").fetched_at is not None
    assert page_of(second, "/c").fetched_at is not None


def test_nothing_due_ends_the_wake_ups(site: Site) -> None:
    assert sync_due_sources(5) is None
    write(site, "/returns")
    add_source(url=site.url("/returns"))
    assert sync_due_sources(5) is None  # it has run to its end
    process_waiting()
    assert len(served()) == 1
