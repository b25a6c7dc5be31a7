"""An HTML page → what is the page's own, as Markdown, and what the page says about itself.

What a page marks as navigation goes (elements, roles, and the class names that sites use for it)
and everything else stays, in order. Libraries that guess the main text by its density (trafilatura,
readability) were measured beside this: on help pages and manuals they lose lists, short sections
and table rows, and a support answer is often just that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree, html

from knowledge.reading.html import render_html
from knowledge.reading.plain import declared_encoding, decode
from knowledge.reading.result import UnreadableFileError
from knowledge.web.fetching import PRODUCT, Fetched, FetchError, host_of, join, path_of

HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
MOST_HTML_BYTES = 10 * 1024 * 1024

_NEVER_TEXT = (
    "//script|//style|//noscript|//template|//svg|//iframe|//object|//img|//picture|//video|//audio"
    "|//input|//select|//textarea|//nav"
    "|//*[@role='navigation' or @role='banner' or @role='contentinfo' or @role='search'"
    " or @role='dialog' or @role='alertdialog']"
    "|//header[not(ancestor::article or ancestor::main)]"
    "|//footer[not(ancestor::article or ancestor::main)]"
    # A button that opens something is the question in many lists of questions.
    "|//button[not(@aria-expanded or @aria-controls or ancestor::summary"
    " or ancestor::h1 or ancestor::h2 or ancestor::h3 or ancestor::h4)]"
)
_NAVIGATION_NAMES = frozenset(
    {"nav", "navbar", "navigation", "menu", "header", "site-header", "navheader", "skip-link"}
    | {"breadcrumb", "breadcrumbs", "toc", "table-of-contents", "pagination", "navfooter"}
    | {"sidebar", "related", "related-articles", "share", "social", "newsletter", "feedback"}
    | {"article-votes", "footer", "site-footer"}
)
# Parts of longer names, such as “top-nav”: taken for navigation where a page marks no main part.
_NAVIGATION_PARTS = frozenset(
    {"nav", "navbar", "navigation", "breadcrumb", "breadcrumbs", "footer"}
)
_CONSENT_PARTS = frozenset({"cookie", "cookies", "consent"})
# Shares of the page's text. What is named like navigation and has more of it is a wrapper with the
# navigation somewhere inside; a request for consent may well be longer than a short page.
_MOST_NAVIGATION = 0.3
_MOST_CONSENT = 0.9
_ICON_CHARACTERS = 20
_ANCHOR_SIGNS = frozenset("¶#§🔗")
LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
_PARSER = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)


class ExtractionError(Exception):
    """The page has nothing that can be read. `str()` is a sentence for an editor."""


@dataclass(frozen=True)
class Extracted:
    """`canonical_url` is on the page's host, `locale` a language tag or empty. With `noindex` the
    page asks not to be taken over, and there is no text."""

    markdown: str
    title: str
    canonical_url: str
    locale: str
    noindex: bool


def extract_page(page: Fetched) -> Extracted:
    """Read an HTML page. Raises ExtractionError."""
    if len(page.content) > MOST_HTML_BYTES:
        size = MOST_HTML_BYTES // 1024 // 1024
        raise ExtractionError(f"The page is larger than {size} MB of HTML, which is not read.")
    try:
        tree = html.document_fromstring(_decode(page).encode(), parser=_PARSER)
    except (etree.ParserError, ValueError):
        raise ExtractionError("The page is empty.") from None
    noindex = forbids_taking(page.robots_tag) or any(
        forbids_taking(content)
        for content in _meta(tree, "name", "robots") + _meta(tree, "name", PRODUCT)
    )
    markdown, title = ("", "") if noindex else _read(tree)
    if not (markdown or noindex):
        raise ExtractionError(
            "No text was found on the page. It may be drawn by JavaScript, which is not run here."
        )
    return Extracted(
        markdown=markdown,
        title=title,
        canonical_url=_canonical_url(tree, page.url),
        locale=_locale(tree),
        noindex=noindex,
    )


def forbids_taking(directives: str) -> bool:
    """Whether a robots meta tag, or an X-Robots-Tag header, says noindex to us."""
    agent, _, rest = directives.rpartition(":")
    if agent and agent.strip().lower() != PRODUCT:
        return False
    return bool({"noindex", "none"} & {part.strip().lower() for part in rest.split(",")})


def _decode(page: Fetched) -> str:
    """By the header, by the page's own word, or by the look of it, in this order."""
    declared = page.charset or declared_encoding(page.content)
    try:
        return decode(page.content, "html", declared=declared).replace("\x00", "")
    except UnreadableFileError:
        raise ExtractionError("The page's letters cannot be made out.") from None


def _read(tree: Any) -> tuple[str, str]:
    """(Markdown, title) of what is the page's own."""
    body = tree.find("body")
    body = tree if body is None else body
    _drop(tree.xpath(_NEVER_TEXT))
    main = [e for e in tree.xpath("//main|//*[@role='main']") if _length(e)] or [
        e for e in tree.xpath("//article[not(ancestor::article)]") if _length(e)
    ]
    own = main[0] if len(main) == 1 else body
    _drop_navigation(own, by_parts=own is body)
    _simplify(own)
    title = _title(tree, own)
    text = html.tostring(own, encoding="unicode")
    return render_html(text).strip(), title


def _drop_navigation(own: Any, *, by_parts: bool) -> None:
    whole = _length(own)
    for element in _inside(own):
        share = _share_at_most(element, by_parts=by_parts)
        is_icon = element.get("aria-hidden") == "true"
        limit = max(share * whole, _ICON_CHARACTERS if is_icon else 0)
        if (share or is_icon) and _length(element) <= limit:
            _drop([element])


def _share_at_most(element: Any, *, by_parts: bool) -> float:
    """The share of the text up to which an element is furniture; 0 when it is none by its name."""
    names = f"{element.get('class', '')} {element.get('id', '')}".lower()
    parts = re.split(r"[\s_-]+", names)
    if not _CONSENT_PARTS.isdisjoint(parts):
        return _MOST_CONSENT
    is_named = not _NAVIGATION_NAMES.isdisjoint(names.split()) or (
        by_parts and not _NAVIGATION_PARTS.isdisjoint(parts)
    )
    # Some sites put the whole page into one form, hence its length counts too.
    return _MOST_NAVIGATION if is_named or element.tag == "form" else 0.0


def _simplify(own: Any) -> None:
    """Text of links without their addresses, no signs that link to headings, and nothing hidden."""
    for element in _inside(own):
        # What opens on a click is hidden until then, and the converter would leave it out.
        for name in ("hidden", "style", "aria-hidden"):
            element.attrib.pop(name, None)
        if element.tag == "a":
            if element.text_content().strip() in _ANCHOR_SIGNS:
                _drop([element])
            else:
                element.drop_tag()
        elif element.tag in {"form", "button"}:
            element.drop_tag()


def _inside(own: Any) -> Iterator[Any]:
    """The elements below one, safe to drop while iterating."""
    for element in list(own.iterdescendants(etree.Element)):
        if element.getparent() is not None:
            yield element


def _drop(elements: list[Any]) -> None:
    for element in elements:
        if element.getparent() is not None:
            element.drop_tree()


def _length(element: Any) -> int:
    return len(" ".join(element.text_content().split()))


def _title(tree: Any, own: Any) -> str:
    headings = own.xpath(".//h1")
    found = [
        headings[0].text_content() if len(headings) == 1 else "",
        *_meta(tree, "property", "og:title"),
        tree.findtext(".//title") or "",
    ]
    titles = (" ".join(text.split()) for text in found)
    return next(filter(None, titles), "")[:300]


def _meta(tree: Any, attribute: str, name: str) -> list[str]:
    return [
        str(meta.get("content", ""))
        for meta in tree.iter("meta")
        if meta.get(attribute, "").strip().lower() == name
    ]


def _locale(tree: Any) -> str:
    tag = tree.get("lang", "").strip().replace("_", "-")
    return tag if LANGUAGE_TAG.fullmatch(tag) else ""


def _canonical_url(tree: Any, url: str) -> str:
    """What the page calls its address, if it is on the same host; else the address it has."""
    for link in tree.iter("link"):
        if "canonical" in link.get("rel", "").lower().split():
            try:
                named = join(url, link.get("href", ""))
            except FetchError:
                return url
            # A template that names the home page everywhere would make all pages one document.
            wrong = path_of(named) == "/" != path_of(url)
            same_host = _bare(host_of(named)) == _bare(host_of(url))
            return named if same_host and not wrong else url
    return url


def _bare(host: str) -> str:
    return host.removeprefix("www.")
