"""Sitemaps (sitemaps.org/protocol.html): XML, an index of others, gzip, or plain text."""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass

from lxml import etree

from knowledge.web.fetching import FetchError, check_url

# The protocol's limits for one sitemap, uncompressed.
MOST_BYTES = 50 * 1024 * 1024
MOST_ADDRESSES = 50_000
_GZIP = b"\x1f\x8b"


class SitemapError(Exception):
    """It is no sitemap. `str()` is a sentence for an editor."""


@dataclass(frozen=True)
class Sitemap:
    """What one sitemap lists, in its order and without repetition: pages, and other sitemaps."""

    pages: list[str]
    sitemaps: list[str]


def parse_sitemap(content: bytes) -> Sitemap:
    """Read a sitemap of any kind. Addresses that are none are left out. Raises SitemapError."""
    content = _inflate(content).lstrip(b"\xef\xbb\xbf \t\r\n")
    pages, sitemaps = _read_xml(content) if content.startswith(b"<") else (_read_text(content), [])
    if not pages and not sitemaps:
        raise SitemapError(
            "The sitemap lists no pages. Check that the address is that of a sitemap."
        )
    return Sitemap(pages, sitemaps)


def _inflate(content: bytes) -> bytes:
    if not content.startswith(_GZIP):
        return content
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        text = inflater.decompress(content, MOST_BYTES)
    except zlib.error:
        raise SitemapError("The sitemap is damaged: it cannot be decompressed.") from None
    if inflater.unconsumed_tail:
        raise SitemapError("The sitemap is larger than 50 MB. Split it, as its protocol asks.")
    return text


def _read_xml(content: bytes) -> tuple[list[str], list[str]]:
    # Entities stay unresolved and nothing is loaded, so that no bomb and no local file gets in.
    events = etree.iterparse(
        io.BytesIO(content),
        events=("end",),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        recover=True,
        huge_tree=False,
    )
    pages: dict[str, None] = {}
    sitemaps: dict[str, None] = {}
    try:
        for _, element in events:
            name = etree.QName(element).localname
            parent = element.getparent()
            if name == "loc" and parent is not None and (url := _address_in(element)):
                # A <loc> also stands in extensions for pictures and videos, under other parents.
                match etree.QName(parent).localname:
                    case "url":
                        pages[url] = None
                    case "sitemap":
                        sitemaps[url] = None
            elif name in {"url", "sitemap"}:
                element.clear()
            if len(pages) + len(sitemaps) >= MOST_ADDRESSES:
                break
    except etree.XMLSyntaxError:
        raise SitemapError("The sitemap is damaged: its XML cannot be read.") from None
    return list(pages), list(sitemaps)


def _read_text(content: bytes) -> list[str]:
    lines = content.decode("utf-8", "replace").splitlines()
    found = (_address(line) for line in lines[:MOST_ADDRESSES] if "://" in line)
    return list(dict.fromkeys(url for url in found if url))


def _address_in(element: etree._Element) -> str:
    return "" if len(element) else _address(element.text)  # a child is an entity left unresolved


def _address(text: str | None) -> str:
    try:
        return check_url(text or "")
    except FetchError:
        return ""
