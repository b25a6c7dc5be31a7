"""Markdown as an editor sees it: HTML in which nothing can run or load."""

from __future__ import annotations

import re

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

# No links and no pictures: a document must not be able to send an editor's browser anywhere.
_TAGS = {
    *("p", "br", "hr", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}
# A list that goes on in the next passage keeps its numbers; merged cells stay merged.
_ATTRIBUTES = {"ol": {"start"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}}
_FILE_TAGS = _TAGS | {"div", "section", "article", "dl", "dt", "dd", "caption", "sup", "sub", "b"}
_markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_RULE = re.compile(r"\s*\|?[\s:|-]*-{2,}[\s:|-]*$")
_HEADING_LEVEL = re.compile(r"(</?h)([1-6])(?=[\s>])")
_MOST_LEVEL = 6


def render_passage(text: str) -> SafeString:
    """A passage's Markdown as HTML. Tags in the text are shown, not obeyed."""
    return _clean(_markdown.render(text), _TAGS)


def render_html_file(source: str) -> SafeString:
    """The text of an HTML file with its headings, lists and tables, and nothing else of it."""
    return _clean(source, _FILE_TAGS)


def _clean(html: str, tags: set[str]) -> SafeString:
    clean = nh3.clean(
        html, tags=tags, attributes=_ATTRIBUTES, clean_content_tags={"script", "style", "title"}
    )
    # The page's own headings end at the second level.
    lowered = _HEADING_LEVEL.sub(
        lambda match: f"{match[1]}{min(_MOST_LEVEL, int(match[2]) + 2)}", clean
    )
    return mark_safe(lowered)  # noqa: S308  (cleaned above; only digits of heading tags changed)


class TextRenderer:
    """Renders a document's text in stretches, in order: a table that a stretch ends in goes on in
    the next one under its header."""

    def __init__(self) -> None:
        self._header: list[str] = []

    def render(self, text: str) -> SafeString:
        lines = text.strip("\n").split("\n")
        if self._header and _is_row(lines[0]) and not _is_rule(lines[1:2]):
            lines = [*self._header, *lines]
        self._header = _header_at_end(lines)
        return render_passage("\n".join(lines))


def _header_at_end(lines: list[str]) -> list[str]:
    """The first two lines of the table that the last line belongs to, if it does."""
    start = len(lines)
    while start > 0 and _is_row(lines[start - 1]):
        start -= 1
    return lines[start : start + 2] if _is_rule(lines[start + 1 : start + 2]) else []


def _is_row(line: str) -> bool:
    return line.lstrip().startswith("|")


def _is_rule(lines: list[str]) -> bool:
    return bool(lines) and _RULE.fullmatch(lines[0]) is not None
