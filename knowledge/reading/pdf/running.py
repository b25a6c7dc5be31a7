"""Running titles and page numbers: what stands at the edge of many pages and is no text of any.

A passage that crosses a page must not have “Page 3 of 12” in the middle of a sentence.
"""

from __future__ import annotations

import re
import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.reading.pdf.lines import find_lines
from knowledge.reading.pdf.spans import Span

_EDGE = 0.12  # share of the page's height, at the top and at the bottom
_EDGE_LINES = 3
_NEAR = 4.0  # points by which the place of a running title may differ
_LEAST_PAGES = 3
_SHARE = 0.3  # of the pages, for a title without a page number
_ROMAN = re.compile(r"\b[ivxlc]+\b")
_PAGE_NUMBER = re.compile(r"(?:page|seite|página|pagina|p|s)? ?0(?: (?:of|von|de|di|sur)? ?0)?")


@dataclass(frozen=True)
class _Edge:
    page: int
    at_top: bool
    shape: str
    y: float
    spans: list[Span]


def find_running_titles(pages: Sequence[tuple[list[Span], float]]) -> set[int]:
    """The ids of the spans that belong to no page's text, given the spans and the height of each
    page."""
    edges = [edge for number, page in enumerate(pages) for edge in _edges_of(*page, number)]
    alike: dict[tuple[bool, str], list[_Edge]] = defaultdict(list)
    for edge in edges:
        alike[edge.at_top, edge.shape].append(edge)
    found: set[int] = set()
    for group in alike.values():
        middle = statistics.median_low(edge.y for edge in group)
        same = [edge for edge in group if abs(edge.y - middle) <= _NEAR]
        if _PAGE_NUMBER.fullmatch(group[0].shape) or _is_running(same, len(pages)):
            found |= {id(span) for edge in same for span in edge.spans}
    return found


def _is_running(edges: Sequence[_Edge], pages: int) -> bool:
    found = len({edge.page for edge in edges})
    if pages < _LEAST_PAGES:
        return found == pages > 1
    numbered = re.search(r"^0 | 0$", edges[0].shape) is not None
    return found >= _LEAST_PAGES and (numbered or found >= _SHARE * pages)


def _edges_of(spans: list[Span], height: float, number: int) -> list[_Edge]:
    zone = _EDGE * height
    outer = [s for s in spans if s.text and not zone <= s.middle <= height - zone]
    lines = [line for line in find_lines(outer) if re.search(r"\w", line.text)]
    top = [line for line in lines if line.y1 < height / 2][:_EDGE_LINES]
    bottom = [line for line in lines if line.y1 >= height / 2][-_EDGE_LINES:]
    return [
        _Edge(number, line.y1 < height / 2, _shape(line.text), line.y0, line.spans)
        for line in (*top, *bottom)
    ]


def _shape(line: str) -> str:
    """A line without marks and with all numbers alike, so that page numbers repeat too."""
    words = re.sub(r"[\W_]+", " ", line).strip().casefold()
    return re.sub(r"\d+", "0", _ROMAN.sub("0", words))
