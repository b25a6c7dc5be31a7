"""Pages of a document: which of them a character of its Markdown lies on, and their names."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Sequence


def page_at(page_starts: list[int], offset: int) -> int | None:
    """The page number (from 1) on which a character lies; None when the format has no pages."""
    return bisect.bisect_right(page_starts, offset) or None if page_starts else None


def name_pages(numbers: Sequence[int]) -> str:
    """“page 3”, “pages 2 to 4 and 7”; `numbers` ascend."""
    runs: list[str] = []
    for _, run in itertools.groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        found = [number for _, number in run]
        runs += [f"{found[0]} to {found[-1]}"] if found[2:] else map(str, found)
    names = runs[0] if len(runs) == 1 else f"{', '.join(runs[:-1])} and {runs[-1]}"
    return f"page{'s' if numbers[1:] else ''} {names}"
