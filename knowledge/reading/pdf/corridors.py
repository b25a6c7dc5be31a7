"""White stretches between spans that run from the top of some bands to their bottom."""

from __future__ import annotations

import statistics

from knowledge.reading.pdf.spans import LABEL, Span

LEAST = 0.7  # of the letters' height: width of a corridor
_CROSSED = 0.2  # share of a table's rows that may cross a corridor: titles over several columns

Corridor = tuple[float, float]


def find_free(band: list[Span]) -> list[Corridor]:
    """The stretches of the page's width that no span of the band covers."""
    free: list[Corridor] = []
    right = float("-inf")
    for span in sorted(band, key=lambda span: span.x0):
        if span.x0 > right:
            free.append((right, span.x0))
        right = max(right, span.x1)
    return [*free, (right, float("inf"))]


def intersect(one: list[Corridor], other: list[Corridor]) -> list[Corridor]:
    both = ((max(a[0], b[0]), min(a[1], b[1])) for a in one for b in other)
    return [(left, right) for left, right in both if left < right]


def beside_text(corridors: list[Corridor], spans: list[Span]) -> list[Corridor]:
    """Without those that only part the bullets or numbers of a list from its items."""
    kept: list[Corridor] = []
    start = float("-inf")
    for left, right in corridors:
        before = [span for span in spans if start < span.x0 <= left]
        if before and not all(LABEL.fullmatch(span.text) for span in before):
            kept.append((left, right))
            start = left
    return kept


def find_edges(bands: list[list[Span]], width: float) -> list[float]:
    """Where columns end: on the left of each stretch that most bands leave free and that is as wide
    as so many letters are high."""
    changes: list[tuple[float, int]] = []
    for band in bands:
        free = find_free(band)
        changes += [(x, +1) for _, x in free[:-1]] + [(x, -1) for x, _ in free[1:]]
    least = width * statistics.median(span.size for band in bands for span in band)
    allowed = int(_CROSSED * len(bands))
    edges: list[float] = []
    covered, start = 0, None
    for x, change in sorted(changes):
        covered += change
        if covered <= allowed and change < 0 and start is None:
            start = x
        elif covered > allowed and start is not None:
            if x - start >= least:
                edges.append(start)
            start = None
    return edges
