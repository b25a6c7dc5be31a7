from __future__ import annotations

import pytest
from pytest_django import Settings

from knowledge.web import visits
from knowledge.web.fetching import Fetcher, FetchError, Kind
from knowledge.web.robots import MOST_DELAY, Robots, read_robots
from tests.knowledge.web.site import Page, Site

RULES = """User-agent: *
Disallow: /

User-agent: supportbot
Disallow: /private
Allow: /private/faq
Crawl-delay: 7
Sitemap: https://shop.example/map.xml
"""


@pytest.fixture
def fetcher() -> Fetcher:
    return Fetcher(allowed_hosts=["localhost"])


def test_the_rules_for_us_come_before_those_for_everybody() -> None:
    robots = Robots(RULES)
    assert robots.allows("https://shop.example/help")
    assert not robots.allows("https://shop.example/private/x")
    assert robots.allows("https://shop.example/private/faq")
    assert robots.delay() == 7
    assert robots.sitemaps() == ["https://shop.example/map.xml"]
    assert not Robots("User-agent: *\nDisallow: /").allows("https://shop.example/")


@pytest.mark.parametrize(
    ("delay", "seconds"), [("100000", MOST_DELAY), ("0", 0), ("-5", 0), ("nan", 0), ("soon", 0)]
)
def test_an_odd_delay_stops_nothing(delay: str, seconds: float) -> None:
    assert Robots(f"User-agent: *\nCrawl-delay: {delay}").delay() == seconds


def test_no_rules_allow_everything(site: Site, fetcher: Fetcher) -> None:
    assert read_robots(fetcher.get, site.url("/a/b?c")) == ""
    assert [request.path for request in site.requests] == ["/robots.txt"]
    assert Robots("").allows(site.url("/a"))
    assert Robots("").delay() == 0


def test_a_site_that_fails_is_not_visited(site: Site, fetcher: Fetcher) -> None:
    site.pages["/robots.txt"] = Page("", 503)
    with pytest.raises(FetchError) as caught:
        read_robots(fetcher.get, site.url("/a"))
    assert caught.value.kind == Kind.TEMPORARY


def test_rules_that_are_too_long_are_cut(site: Site, fetcher: Fetcher) -> None:
    site.pages["/robots.txt"] = Page("User-agent: *\nDisallow: /a\n" + "# x\n" * 1_000_000)
    assert not Robots(read_robots(fetcher.get, site.url("/a"))).allows(site.url("/a"))


def test_rules_are_read_once_and_again_after_they_are_forgotten(
    site: Site, fetcher: Fetcher
) -> None:
    site.pages["/robots.txt"] = Page("User-agent: *\nDisallow: /a")
    for _ in range(3):
        with pytest.raises(FetchError) as caught:
            visits.check_allowed(site.url("/a"), fetcher)
        assert caught.value.kind == Kind.EXCLUDED
    assert len(site.requests) == 1
    site.pages["/robots.txt"] = Page("")
    visits.forget_robots([site.url("/anything")])
    visits.check_allowed(site.url("/a"), fetcher)
    assert len(site.requests) == 2


def test_a_site_is_visited_by_one_at_a_time(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits, "SECONDS_BETWEEN", 2.0)
    assert visits.seconds_to_wait(site.url("/a")) == 0
    assert 0 < visits.seconds_to_wait(site.url("/b")) <= visits.SECONDS_BETWEEN
    assert visits.seconds_to_wait("https://other.example/") == 0
    visits.rest(site.url("/a"), 100)
    assert 90 < visits.seconds_to_wait(site.url("/b")) <= 100


def test_without_redis_a_refresh_by_hand_is_still_possible(settings: Settings, site: Site) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    visits.forget_robots([site.url("/")])
