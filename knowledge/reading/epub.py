"""EPUB → Markdown: its chapters in the order of reading."""

from __future__ import annotations

import posixpath
from pathlib import Path
from urllib.parse import unquote

from lxml import etree

from knowledge.reading import markdown
from knowledge.reading.archives import Archive, refuse_entities
from knowledge.reading.html import read_html
from knowledge.reading.kinds import damaged
from knowledge.reading.result import Extract, Limits

_CONTAINER = "META-INF/container.xml"
_PAGES = ("application/xhtml+xml", "text/html")


def read(path: Path, kind: str, limits: Limits) -> Extract:
    """Raises UnreadableFileError."""
    with Archive(path, kind) as archive:
        return Extract(markdown.join(_chapter(archive, name) for name in _spine(archive)))


def _chapter(archive: Archive, name: str) -> str:
    content = archive.read(name)
    refuse_entities(content)
    return read_html(content, "epub")


def _spine(archive: Archive) -> list[str]:
    """The paths of the chapters, without the table of contents that programs make for readers."""
    if _CONTAINER not in archive.names:
        raise damaged("epub")
    root = next(archive.xml(_CONTAINER).iter("{*}rootfile"), None)
    package = "" if root is None else root.get("full-path", "")
    if package not in archive.names:
        raise damaged("epub")
    book = archive.xml(package)
    items = {item.get("id"): item for item in book.iter("{*}item")}
    wanted = (items.get(entry.get("idref")) for entry in book.iter("{*}itemref"))
    paths = (
        posixpath.normpath(posixpath.join(posixpath.dirname(package), unquote(_target(item))))
        for item in wanted
        if item is not None and _is_chapter(item)
    )
    return [path for path in paths if path in archive.names]


def _target(item: etree._Element) -> str:
    return str(item.get("href", "")).partition("#")[0]


def _is_chapter(item: etree._Element) -> bool:
    navigation = "nav" in item.get("properties", "").split()
    return item.get("media-type") in _PAGES and not navigation
