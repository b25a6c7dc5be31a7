"""Which units share a passage: the division of a document that costs least.

Dynamic programming over cohesion and length, after Heinonen, "Optimal multi-paragraph text
segmentation by dynamic programming" (COLING-ACL 1998): every cut has its cost, every passage one
for being shorter or longer than wanted, and no other division has a smaller sum.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby

from knowledge.splitting.blocks import Kind
from knowledge.splitting.units import Unit

WANTED_SHARE = 0.8  # of the most tokens: room to end where the text does
LENGTH_POWER = 4  # lengths near the wanted one are all welcome; the structure decides
JOIN_SECTIONS = 0.5  # for each heading inside a passage: only short sections share one
JOIN_PART = 0.2  # more if the last of them goes on in the next passage
MOST_JOINED = 12
# Of the most tokens, for table rows: of few rows each is found by its own words.
ROWS_SHARE = 0.5


def divide(units: Sequence[Unit], max_tokens: int) -> Iterator[list[Unit]]:
    """The units of each passage, in order. A single unit may have more than `max_tokens`."""
    for _, run in groupby(units, key=lambda unit: unit.run):
        yield from _divide_run(list(run), max_tokens)


def _divide_run(units: Sequence[Unit], max_tokens: int) -> list[list[Unit]]:
    wanted = WANTED_SHARE * max_tokens
    least = [0.0] + [math.inf] * len(units)
    begins = [0] * (len(units) + 1)
    for first, unit in enumerate(units):
        cost = least[first] + (unit.cost if first else 0.0)
        for end, tokens, joins in _passages_from(units, first, max_tokens):
            total = cost + joins + (abs(tokens - wanted) / wanted) ** LENGTH_POWER
            if total < least[end]:
                least[end], begins[end] = total, first
    passages: list[list[Unit]] = []
    end = len(units)
    while end:
        passages.append(list(units[begins[end] : end]))
        end = begins[end]
    return passages[::-1]


def _passages_from(
    units: Sequence[Unit], first: int, max_tokens: int
) -> Iterator[tuple[int, int, float]]:
    """(end, tokens, cost of the sections it joins) of every passage that may begin at `first`."""
    start = units[first]
    tokens, rows, row_tokens, joined, only_titles = 0, 0, 0, 0, True
    for end in range(first + 1, len(units) + 1):
        unit = units[end - 1]
        if end > first + 1 and not _may_share(start, unit):
            return
        if unit.opens_section and not only_titles:
            joined += 1
        only_titles = only_titles and unit.kind is Kind.HEADING
        if not only_titles:  # those a passage begins with are its heading, not its text
            tokens += unit.tokens
        if unit.kind is Kind.ROW and unit.header is not None:
            rows += 1
            row_tokens += unit.tokens
        is_full = tokens > max_tokens or (rows > 1 and row_tokens > ROWS_SHARE * max_tokens)
        if end > first + 1 and (is_full or joined > MOST_JOINED):
            return
        is_part = joined and end < len(units) and not units[end].opens_section
        yield end, tokens, joined * JOIN_SECTIONS + (JOIN_PART if is_part else 0.0)


def _may_share(start: Unit, unit: Unit) -> bool:
    """Whether a passage that begins with `start` may reach to `unit`."""
    if start.kind is Kind.ROW:
        # The rest of a table stands alone, and its rows all have the header repeated or none has.
        return unit.table == start.table and (unit.header is None) == (start.header is None)
    # The headings of what a passage begins with must hold for all of it, or stand in it.
    return start.opens_section or unit.path[: len(start.path)] == start.path
