"""Quotes of documents, as people read them."""

from __future__ import annotations

import re

from django import template

register = template.Library()
_ROW = re.compile(r"\s*\|.*\|\s*")
_BORDER = re.compile(r"(?<!\\)\|")


@register.filter
def as_read(quote: str) -> str:
    """A table row as words: “Express: £6.95, next working day”. Other quotes stay as they are."""
    if not _ROW.fullmatch(quote):
        return quote
    cells = [cell.strip().replace(r"\|", "|") for cell in _BORDER.split(quote)]
    first, *rest = [cell for cell in cells if cell] or [quote]
    return f"{first}: {', '.join(rest)}" if rest else first
