"""Passages as an editor sees them: Markdown → HTML in which nothing can run or load."""

from __future__ import annotations

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

# No links and no pictures: a document must not be able to send an editor's browser anywhere.
_TAGS = {
    *("p", "br", "hr", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}
_markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def render_passage(text: str) -> SafeString:
    """A passage's Markdown as HTML. Tags in the text are shown, not obeyed."""
    clean = nh3.clean(_markdown.render(text), tags=_TAGS, attributes={})
    return mark_safe(clean)  # noqa: S308  (cleaned one line above)
