"""Pages of a document: which of them a character of its Markdown lies on."""

from __future__ import annotations

import bisect


def page_at(page_starts: list[int], offset: int) -> int | None:
    """The page number (from 1) on which a character lies; None when the format has no pages."""
    return bisect.bisect_right(page_starts, offset) or None if page_starts else None
