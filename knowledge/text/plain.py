"""Markdown as a reader sees it: text without marks, and the marks at the beginning of a line."""

from __future__ import annotations

import re

LIST_MARK = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s+")
HEADING_MARK = re.compile(r"^\s*#{1,6}\s+")
TABLE_RULE = re.compile(r"^\s*\|?\s*:?-{2,}:?\s*(\|\s*:?-{2,}:?\s*)*\|?\s*$")
_INLINE_MARKS = re.compile(r"\*\*|__|`|\\(?=[\\`*_{}\[\]()#+\-.!~<>|])")

_PICTURE_OR_LINK = re.compile(r"(?P<picture>!)?\[(?P<text>[^\]]*)\](?:\([^)]*\)|\[[^\]]*\])")
_HTML_TAG = re.compile(r"<[/!]?[A-Za-z][^>]*>")


def plain(text: str) -> str:
    """Inline Markdown marks removed: what a reader sees."""
    return _INLINE_MARKS.sub("", text).strip()


def in_one_line(text: str) -> str:
    """The same, with single spaces for all white space."""
    return " ".join(plain(text).split())


def as_title(text: str) -> str:
    """A title as words alone: no pictures, links' text only, no HTML, one line."""
    text = _PICTURE_OR_LINK.sub(lambda found: "" if found["picture"] else found["text"], text)
    return " ".join(_HTML_TAG.sub(" ", text).split())


def squeezed(text: str) -> str:
    """Without what people write differently in a number or an address: case, spaces, dashes."""
    return "".join(c for c in plain(text).casefold() if c.isalnum() or c in "@.")
