"""Pages of a document: where each starts in the Markdown, and what stands on all of them.

The reader gives a PDF twice: its pages as plain text, and the whole as Markdown with headings
marked and lines joined. Letters and digits survive that in order, so both are aligned by them.
"""

from __future__ import annotations

import bisect
import re
from collections import Counter

PROBE = 40  # letters looked for; long enough to be rare, short enough to survive a missing word
LEAST_PROBE = 12
STEP = 5
SLACK = 300  # letters by which a page may lie off the place its predecessor's length says
EDGE_LINES = 2  # at the top and at the bottom of a page, where running titles stand
REPEATED_SHARE = 0.6  # of the pages; what stands on fewer is text
LEAST_PAGES = 3


def without_running_titles(markdown: str, pages: list[str]) -> tuple[str, list[str]]:
    """Both texts without the lines that stand at the edge of most pages: titles, page numbers.

    A passage that crosses a page must not have “Page 3 of 12” in the middle of a sentence.
    """
    counts = Counter(line for page in pages for line in set(_edge_lines(page)))
    least = max(LEAST_PAGES, REPEATED_SHARE * len(pages))
    titles = {line for line, count in counts.items() if count >= least}
    if not titles:
        return markdown, pages
    return _without(markdown, titles), [_without(page, titles) for page in pages]


def _edge_lines(page: str) -> list[str]:
    lines = [line for line in map(_shape, page.splitlines()) if line]
    return [*lines[:EDGE_LINES], *lines[-EDGE_LINES:]]


def _shape(line: str) -> str:
    """A line without marks and with all numbers alike, so that page numbers repeat too."""
    return re.sub(r"\d+", "0", re.sub(r"[\W_]+", " ", line).strip().casefold())


def _without(text: str, titles: set[str]) -> str:
    kept = [line for line in text.splitlines() if _shape(line) not in titles]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def find_page_starts(markdown: str, pages: list[str]) -> list[int]:
    """The offset in `markdown`, in characters, where each page's text starts; first 0, ascending.

    Each page is looked for near the place that the length of the page before says. One that cannot
    be found starts just there.
    """
    letters, offsets = _letters_of(markdown)
    starts: list[int] = []
    position, previous = 0, 0
    for page in (_letters_of(page)[0] for page in pages):
        expected = min(position + previous, len(letters))
        low = position + previous // 2  # pages that begin alike must not be taken for one another
        found = _find_near(letters, page, low, expected)
        position = max(position, expected if found is None else found)
        previous = len(page)
        starts.append(offsets[position] if position < len(offsets) else len(markdown))
    return [0, *starts[1:]] if starts else []


def _find_near(letters: str, page: str, low: int, expected: int) -> int | None:
    """Where the page starts at or behind `low`, nearest to `expected`; None if it is not there."""
    reach = SLACK + (expected - low) // 2
    # A first line that only one of the two texts has is skipped, a little at a time.
    for skip in range(0, min(len(page), 10 * PROBE), STEP):
        probe = page[skip : skip + PROBE]
        if len(probe) < LEAST_PROBE:
            return None
        start = max(low, expected + skip - reach)
        end = expected + skip + reach + len(probe)
        places = _places(letters, probe, start, end)
        if places:
            at = min(places, key=lambda place: abs(place - expected - skip))
            if _alike(letters[at - skip : at], page[:skip]):
                return max(low, at - skip)
            return _walk_back(letters, at, page[:skip])
    return None


def _walk_back(letters: str, at: int, before: str) -> int:
    while before and at > 0 and letters[at - 1] == before[-1]:
        at, before = at - 1, before[:-1]
    return at


def _places(letters: str, probe: str, start: int, end: int) -> list[int]:
    places, at = [], letters.find(probe, start, end)
    while at >= 0:
        places.append(at)
        at = letters.find(probe, at + 1, end)
    return places


def _alike(first: str, second: str) -> bool:
    same = sum(left == right for left, right in zip(first, second, strict=False))
    return bool(second) and same >= REPEATED_SHARE * len(second)


def _letters_of(text: str) -> tuple[str, list[int]]:
    letters: list[str] = []
    offsets: list[int] = []
    for match in re.finditer(r"[^\W_]+", text):
        lowered = match.group().lower()
        if len(lowered) == len(match.group()):
            letters.append(lowered)
            offsets.extend(range(match.start(), match.end()))
    return "".join(letters), offsets


def page_at(page_starts: list[int], offset: int) -> int | None:
    """The page number (from 1) on which a character lies; None when the format has no pages."""
    return bisect.bisect_right(page_starts, offset) or None if page_starts else None
