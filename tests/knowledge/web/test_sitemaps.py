from __future__ import annotations

import gzip

import pytest

from knowledge.web import sitemaps
from knowledge.web.sitemaps import Sitemap, SitemapError, parse_sitemap

START = '<?xml version="1.0" encoding="UTF-8"?>'
SPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def listing(*urls: str) -> str:
    return (
        f"{START}<urlset {SPACE}>"
        + "".join(f"<url><loc>{url}</loc><lastmod>2026-01-01</lastmod></url>" for url in urls)
        + "</urlset>"
    )


A, B = "https://shop.example/a", "https://shop.example/b?x=1&y=2"


def test_pages_are_listed_in_order_and_once() -> None:
    text = listing(A, B.replace("&", "&amp;"), f" {A}#part\n", "not an address", "ftp://x/y")
    assert parse_sitemap(text.encode()) == Sitemap([A, B], [])


def test_an_index_lists_sitemaps() -> None:
    text = f"{START}<sitemapindex {SPACE}><sitemap><loc>{A}</loc></sitemap></sitemapindex>"
    assert parse_sitemap(text.encode()) == Sitemap([], [A])


def test_pictures_of_a_page_are_no_pages() -> None:
    text = listing(A).replace(
        "</url>", "<i:image xmlns:i='u'><i:loc>/i.png</i:loc></i:image></url>"
    )
    assert parse_sitemap(text.replace("/i.png", B.partition("?")[0]).encode()).pages == [A]


def test_a_packed_one_is_unpacked() -> None:
    assert parse_sitemap(gzip.compress(listing(A).encode())).pages == [A]


def test_plain_text_lists_a_page_per_line() -> None:
    text = f"\ufeff{A}\r\n\r\n{B}\nhello\n"
    assert parse_sitemap(text.encode()).pages == [A, B]
    assert parse_sitemap(gzip.compress(text.encode())).pages == [A, B]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html><body>Not found</body></html>",
        b"<urlset></urlset>",
        b"\x1f\x8bdamaged",
        b"%PDF-1.7",
        b"<urlset><url><loc>",
    ],
)
def test_what_is_no_sitemap_is_an_error_with_a_reason(content: bytes) -> None:
    with pytest.raises(SitemapError) as caught:
        parse_sitemap(content)
    assert str(caught.value).endswith(".")


def test_a_damaged_one_gives_what_came_before_the_damage() -> None:
    assert parse_sitemap(listing(A).encode()[:-9] + b"<url><lo").pages == [A]


ENTITIES = """<?xml version="1.0"?><!DOCTYPE u [
<!ENTITY a "https://shop.example/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;">
<!ENTITY f SYSTEM "file:///etc/passwd"><!ENTITY g SYSTEM "http://127.0.0.1:1/x">
]><urlset><url><loc>https://shop.example/a</loc></url><url><loc>{0}</loc></url></urlset>"""


@pytest.mark.parametrize("location", ["&a;", "&e;", "https://shop.example/&f;", "&g;"])
def test_entities_are_left_alone(location: str) -> None:
    assert parse_sitemap(ENTITIES.replace("{0}", location).encode()) == Sitemap([A], [])


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sitemaps, "MOST_BYTES", 1_000_000)
    with pytest.raises(SitemapError, match="larger"):
        parse_sitemap(gzip.compress(b"\n" * 1_000_001))


def test_only_so_many_pages_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sitemaps, "MOST_ADDRESSES", 3)
    urls = [f"https://shop.example/{number}" for number in range(5)]
    assert parse_sitemap(listing(*urls).encode()).pages == urls[:3]
    assert parse_sitemap("\n".join(urls).encode()).pages == urls[:3]
