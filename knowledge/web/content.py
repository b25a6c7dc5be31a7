"""An answer of a site → a file to be stored: a page's own text as Markdown, or the file it is."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from knowledge.reading import SUPPORTED_EXTENSIONS
from knowledge.web.extraction import (
    HTML_TYPES,
    ExtractionError,
    extract_page,
    forbids_taking,
)
from knowledge.web.fetching import Fetched, FetchError, Kind

_EXTENSIONS = {
    "application/pdf": "pdf",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/rtf": "rtf",
    "text/rtf": "rtf",
    "application/vnd.ms-powerpoint": "ppt",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/epub+zip": "epub",
    "application/json": "json",
    "text/csv": "csv",
    "text/tab-separated-values": "tsv",
    "text/markdown": "md",
    "text/plain": "txt",
}
_UNTOLD_TYPES = frozenset({"", "application/octet-stream", "binary/octet-stream"})


@dataclass(frozen=True)
class Content:
    """`digest` changes when the text or the title does. `locale` and `title` may be empty."""

    file_name: str
    data: bytes
    title: str
    canonical_url: str
    locale: str
    digest: str


def content_of(answer: Fetched) -> Content:
    """Raises FetchError: REFUSED when it cannot be read, EXCLUDED when the page forbids it."""
    is_html = answer.media_type in HTML_TYPES or (
        answer.media_type in _UNTOLD_TYPES
        and answer.content[:1024].lstrip()[:14].lower().startswith((b"<!doctype html", b"<html"))
    )
    return _page(answer) if is_html else _file(answer)


def _page(answer: Fetched) -> Content:
    try:
        page = extract_page(answer)
    except ExtractionError as error:
        raise FetchError(Kind.REFUSED, str(error)) from error
    if page.noindex:
        raise _forbidden()
    data = page.markdown.encode()
    return Content(
        file_name=f"{_stem(answer.url)}.md",
        data=data,
        title=page.title,
        canonical_url=page.canonical_url,
        locale=page.locale,
        digest=hashlib.sha256(page.title.encode() + b"\0" + data).hexdigest(),
    )


def _file(answer: Fetched) -> Content:
    if forbids_taking(answer.robots_tag):
        raise _forbidden()
    suffix = PurePosixPath(urlsplit(answer.url).path).suffix.lstrip(".").lower()
    extension = _EXTENSIONS.get(answer.media_type, "")
    # A site that serves everything as text or as bytes still names its files.
    if answer.media_type in {*_UNTOLD_TYPES, "text/plain"} and suffix in SUPPORTED_EXTENSIONS:
        extension = suffix
    if not extension:
        raise FetchError(
            Kind.REFUSED,
            f"The address leads to a file of the kind “{answer.media_type or 'unknown'}”, which "
            "cannot be read. Take it out of the list.",
        )
    return Content(
        file_name=f"{_stem(answer.url)}.{extension}",
        data=answer.content,
        title="",
        canonical_url=answer.url,
        locale="",
        digest=hashlib.sha256(answer.content).hexdigest(),
    )


def _forbidden() -> FetchError:
    return FetchError(
        Kind.EXCLUDED, "The page asks not to be taken over (noindex). Ask the site's owner."
    )


def _stem(url: str) -> str:
    parts = urlsplit(url)
    return PurePosixPath(unquote(parts.path)).stem or parts.hostname or "page"
